//! The announcements that the flows say by themselves, whatever is configured.
//!
//! Names of organisations, specialties, practices and outcomes come from the plan; these are the
//! rest. Their texts stand in the prompts' manifest.

use rotaline_model::PromptId;

macro_rules! phrases {
    ($($(#[$doc:meta])* $name:ident = $id:literal,)*) => {
        /// A fixed announcement.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Phrase {
            $($(#[$doc])* $name,)*
        }

        /// Every fixed announcement's id, in the order of the enum.
        const IDS: &[&str] = &[$($id),*];
    };
}

phrases! {
    /// "Calls are recorded."
    CallsAreRecorded = "menu/calls-are-recorded",
    /// "All specialties are closed at the moment."
    AllClosed = "menu/all-closed",
    /// "That is not one of the choices."
    NotAChoice = "menu/not-a-choice",
    /// "We did not hear a choice. Goodbye."
    NothingKeyed = "menu/nothing-keyed",
    /// "Goodbye."
    Goodbye = "menu/goodbye",
    /// "is closed now."
    IsClosed = "closed/is-closed",
    /// "It opens"
    ItOpens = "closed/it-opens",
    /// "It has no opening hours."
    NoHours = "closed/no-hours",
    /// "Trying"
    Trying = "hunt/trying",
    /// "Still trying."
    StillTrying = "hunt/still-trying",
    /// "Trying the help line."
    TryingHelp = "hunt/trying-help",
    /// "The help line cannot be reached at the moment."
    HelpUnavailable = "hunt/help-unavailable",
    /// "Nobody could take your call."
    NobodyAnswered = "hunt/nobody-answered",
    /// "Nobody is on the rota at the moment."
    NobodyOnRota = "hunt/nobody-on-rota",
    /// "Press 1 to try again, or hang up."
    TryAgain = "hunt/try-again",
    /// "This number cannot be reached at the moment. Goodbye."
    LineUnavailable = "hunt/line-unavailable",
    /// "Recorded advice call."
    RecordedAdviceCall = "whisper/recorded-advice-call",
    /// "Recorded call."
    RecordedCall = "whisper/recorded-call",
    /// "A call."
    ACall = "whisper/a-call",
    /// "Press 1."
    Press1 = "whisper/press-1",
    /// "2 to pass on."
    TwoToPassOn = "whisper/2-to-pass-on",
    /// "Unknown caller."
    UnknownCaller = "practice/unknown-caller",
    /// "Before you go."
    BeforeYouGo = "outcome/before-you-go",
    /// "Thank you."
    ThankYou = "outcome/thank-you",
    /// "Star to change."
    StarToChange = "outcome/star-to-change",
    /// "today"
    Today = "day/today",
    /// "tomorrow"
    Tomorrow = "day/tomorrow",
    /// "on Monday"; the other days follow in order.
    OnMonday = "day/monday",
    /// "on Tuesday"
    OnTuesday = "day/tuesday",
    /// "on Wednesday"
    OnWednesday = "day/wednesday",
    /// "on Thursday"
    OnThursday = "day/thursday",
    /// "on Friday"
    OnFriday = "day/friday",
    /// "on Saturday"
    OnSaturday = "day/saturday",
    /// "on Sunday"
    OnSunday = "day/sunday",
    /// "at"
    At = "clock/at",
    /// "oh", as in "nine oh five"
    Oh = "clock/oh",
    /// "a.m."
    Am = "clock/am",
    /// "p.m."
    Pm = "clock/pm",
    /// "at midday."
    AtMidday = "clock/midday",
    /// "at midnight."
    AtMidnight = "clock/midnight",
}

/// Numbers that can be said: 0 to 59.
const NUMBERS: u8 = 60;

/// The ids of everything that the flows say by themselves, parsed once.
#[derive(Clone, Debug)]
pub(crate) struct Phrases {
    fixed: Vec<PromptId>,
    numbers: Vec<PromptId>,
}

impl Phrases {
    pub(crate) fn new() -> Self {
        let id = |text: &str| PromptId::parse(text).expect("the ids above are well formed");
        Phrases {
            fixed: IDS.iter().map(|text| id(text)).collect(),
            numbers: (0..NUMBERS)
                .map(|number| id(&format!("number/{number}")))
                .collect(),
        }
    }

    pub(crate) fn get(&self, phrase: Phrase) -> &PromptId {
        self.fixed
            .get(phrase as usize)
            .expect("one id for each variant, by the macro")
    }

    /// "nought" to "fifty-nine"; a number beyond is said as its remainder of 60.
    pub(crate) fn number(&self, number: u8) -> &PromptId {
        self.numbers
            .get(usize::from(number % NUMBERS))
            .expect("60 ids, by construction")
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &PromptId> {
        self.fixed.iter().chain(&self.numbers)
    }
}
