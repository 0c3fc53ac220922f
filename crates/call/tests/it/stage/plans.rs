//! Plans for the stories.

/// Direct lines of every kind.
pub const DIRECT: &str = r#"
inbound_number = "020 7946 0000"

[number.1000]
service = "direct"
to = "sip:uas@127.0.0.1:5090"
answer = "on-arrival"
acceptance = "direct-line"
recording = "on"

[number.1001]
service = "direct"
to = "sip:uas@127.0.0.1:5090"
answer = "on-arrival"
acceptance = "direct-line"
recording = "off"

[number.1002]
service = "direct"
to = "sip:uas@127.0.0.1:5090"
answer = "when-answered"
acceptance = "direct-line"
recording = "off"

[number.1003]
service = "direct"
to = "sip:uas@127.0.0.1:5090"
answer = "when-answered"
acceptance = "required"
recording = "on"
"#;

/// Three specialists in cardiology, a second phone for the second of them, a closed specialty.
pub const NORTHFIELD: &str = r#"
inbound_number = "020 7946 0000"

[organisation.northfield]
name = "Northfield Hospitals"
prompt = "organisation/northfield-hospitals"
zone = "Europe/London"
help = "sip:help@h"

[number."020 7946 0001"]
service = "dial-in"
organisation = "northfield"

[number."020 7946 0002"]
service = "specialty"
specialty = "cardiology"

[number."020 7946 0003"]
service = "specialty"
specialty = "dermatology"

[specialty.cardiology]
organisation = "northfield"
name = "Cardiology"
key = 1
hours = ["daily 00:00-24:00"]
outcomes = "advice"

[[specialty.cardiology.session]]
times = ["mon-fri 13:00-17:00"]
people = ["ann", "ben", "cat"]

[specialty.dermatology]
organisation = "northfield"
name = "Dermatology"
key = 2
hours = ["tue 09:30-12:00"]

[specialty.neurology]
organisation = "northfield"
name = "Neurology"
key = 3
hours = ["daily 00:00-24:00"]

[[outcomes.advice.choice]]
id = "referral-avoided"
name = "Referral avoided"
key = 1

[[outcomes.advice.choice]]
id = "referral-made"
name = "Referral made"
key = 2

[person.ann]
name = "Dr Ann Archer"
[[person.ann.phone]]
kind = "mobile"
to = "sip:ann@h"

[person.ben]
name = "Dr Ben Bright"
[[person.ben.phone]]
kind = "mobile"
to = "sip:ben@h"
[[person.ben.phone]]
kind = "desk"
to = "sip:ben-desk@h"
ring_time_s = 8

[person.cat]
name = "Dr Cat Cole"
[[person.cat.phone]]
kind = "app"
to = "sip:cat@h"

[practice.elm-street-surgery]
name = "Elm Street Surgery"
area = "Northfield North"
numbers = ["01632 960101"]
"#;

/// What [`NORTHFIELD`] is without: lines for codes, patients, practices, and the inbound number.
pub const LINES: &str = r#"
[number."020 7946 0010"]
service = "call-back"
organisation = "northfield"

[number."020 7946 0011"]
service = "directory"
organisation = "northfield"

[number."020 7946 0012"]
service = "pifu"
organisation = "northfield"
specialty = "cardiology"
option = 1
secretaries = "desk"

[number."020 7946 0013"]
service = "pifu"
organisation = "northfield"
specialty = "cardiology"
option = 2
secretaries = "desk"

[specialty.desk]
organisation = "northfield"
name = "Medical secretaries"
hours = ["mon-fri 09:00-17:00"]

[[specialty.desk.session]]
times = ["mon-fri 09:00-17:00"]
people = ["sue", "tim"]

[person.sue]
name = "Sue Stone"
[[person.sue.phone]]
kind = "desk"
to = "sip:sue@h"

[person.tim]
name = "Tim Tate"
[[person.tim.phone]]
kind = "desk"
to = "sip:tim@h"

[person.dot]
name = "Dr Dot Dale"
[[person.dot.phone]]
kind = "mobile"
to = "07700 900104"

[practice.oak-lane-surgery]
name = "Oak Lane Surgery"
code = "4711"
numbers = ["01632 960102"]
bypass = "01632 960202"
reception = "01632 960302"

[practice.yew-tree-surgery]
name = "Yew Tree Surgery"
code = "4712"
numbers = ["01632 960103"]
reception = "01632 960303"
"#;
