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
    /// "Press 2, and we keep trying, and ring you back."
    KeepTryingOffer = "hunt/keep-trying-offer",
    /// "Trying another team."
    TryingAnotherTeam = "hunt/trying-another-team",
    /// "A colleague has answered. Goodbye."
    ColleagueAnswered = "hunt/colleague-has-answered",
    /// "This call was ended by an administrator. Goodbye."
    EndedByAdministrator = "talk/ended-by-administrator",
    /// "Star for the menu."
    StarForMenu = "hunt/star-for-the-menu",
    /// "No specialty was called from here before."
    NothingCalledBefore = "menu/nothing-called-before",
    /// "This number cannot be rung."
    NumberCannotBeRung = "call/not-allowed",
    /// "There was no answer."
    CalledNoAnswer = "call/no-answer",
    /// "Ringing."
    Ringing = "call/ringing",
    /// "Something went wrong. Please ring again."
    Fault = "call/fault",
    /// "We ring you back on"
    WeRingYouOn = "ring-back/we-ring-you-on",
    /// "Press 1 if that is right, or key another number, then hash."
    ConfirmOrKey = "ring-back/confirm-or-key",
    /// "Key the number where we reach you, then hash."
    KeyANumber = "ring-back/key-a-number",
    /// "That is not a number that we can ring."
    NotANumber = "ring-back/not-a-number",
    /// "We keep trying, and ring you back. Goodbye."
    WeKeepTrying = "ring-back/we-keep-trying",
    /// "We cannot keep trying now. Please ring again later. Goodbye."
    NotKeptTrying = "ring-back/cannot-be-kept",
    /// "The advice call that you asked for. A specialist is waiting. Press 1."
    YourCallBack = "ring-back/your-call",
    /// "Thank you. We are ringing the caller."
    RingingTheCaller = "ring-back/ringing-the-caller",
    /// "The caller cannot be reached. Goodbye."
    CallerNotReached = "ring-back/caller-not-reached",
    /// "Your call to"
    YourCallTo = "click/your-call-to",
    /// "Press 1 to begin."
    Press1ToBegin = "click/press-1",
    /// "Key the patient's NHS number, or hash to skip."
    KeyNhsNumber = "nhs/key-it",
    /// "The NHS number is"
    NhsNumberIs = "nhs/read-back",
    /// "That is not an NHS number."
    NotAnNhsNumber = "nhs/not-valid",
    /// "That could not be kept. Please choose again."
    OutcomeNotKept = "outcome/not-kept",
    /// "Key your PIN or the practice's code, then hash."
    KeyPinOrCode = "code/key-it",
    /// "Key your code."
    KeyYourCode = "code/key-your-code",
    /// "That code is not valid."
    CodeNotValid = "code/not-valid",
    /// "Too many tries. Goodbye."
    TooManyTries = "code/too-many-tries",
    /// "Codes from this number are not accepted for an hour. Goodbye."
    LockedOut = "code/locked-out",
    /// "Codes cannot be checked at the moment. Please try again later. Goodbye."
    CodesUnavailable = "code/unavailable",
    /// "Key your PIN, then hash."
    KeyYourPin = "pin/key-your-pin",
    /// "Key the practice's code, then hash."
    KeyPracticeCode = "directory/key-the-code",
    /// "The bypass number of"
    BypassNumberOf = "directory/bypass-number-of",
    /// "The reception of"
    ReceptionOf = "directory/reception-of",
    /// "There is no practice with this code."
    NoSuchPractice = "directory/no-such-practice",
    /// "This call is recorded."
    ThisCallIsRecorded = "patient/this-call-is-recorded",
    /// "A call from"
    ACallFrom = "patient/a-call-from",
    /// "An answerphone, it seems."
    AnswerphoneLikely = "answerphone/likely",
    /// "A call back."
    CallBack = "whisper/call-back",
    /// "Recorded call. PIFU patient."
    PifuPatient = "whisper/pifu-patient",
    /// "1 to accept."
    PressOneOnly = "whisper/1-to-accept",
    /// "If this is an emergency, hang up and dial 999. Calls are recorded."
    Emergency = "pifu/emergency",
    /// "The secretaries will ring you back on"
    WeWillRingYouOn = "pifu/we-will-ring-you-on",
    /// "Press 1 if that is right, or key another number, then hash."
    NumberConfirm = "pifu/number-confirm",
    /// "Nobody can take your call now."
    NobodyNow = "pifu/nobody-now",
    /// "The team is closed now. You can ask to be rung back."
    PifuClosed = "pifu/closed",
    /// "After the tone, say your name, then press hash."
    SayYourName = "pifu/say-your-name",
    /// "Thank you. The team will ring you back. Goodbye."
    RequestKept = "pifu/thank-you",
    /// "Your request could not be kept. Please ring again. Goodbye."
    RequestNotKept = "pifu/not-kept",
    /// "You missed an advice call."
    YouMissedACall = "missed/you-missed-a-call",
    /// "A colleague has answered it."
    ColleagueTookIt = "missed/colleague-answered",
    /// "Press 1 to return it."
    Press1ToReturn = "missed/press-1-to-return",
    /// "Press 2 to pause your calls for 30 minutes, 3 to resume, 4 to leave an outcome."
    MissedChoices = "missed/choices",
    /// "Your calls are paused for 30 minutes."
    CallsPaused = "missed/paused",
    /// "You take calls again."
    CallsResumed = "missed/resumed",
    /// "This number belongs to a hospital advice line. It cannot take calls. Goodbye."
    NeutralMessage = "missed/neutral",
    /// "You have missed no calls."
    NothingMissed = "missed/nothing",
    /// "The outcome of your last call."
    YourLastCall = "missed/your-last-call",
    /// "That is not possible at the moment."
    NotPossibleNow = "missed/not-possible-now",
    /// "There is no call of yours that waits for an outcome."
    NoCallForOutcome = "missed/no-call-for-an-outcome",
    /// "Adding a colleague."
    AddingAColleague = "in-call/adding-a-colleague",
    /// "Nobody could be added."
    NobodyAdded = "in-call/nobody-added",
    /// "The recording is paused."
    RecordingPaused = "in-call/recording-paused",
    /// "The recording goes on."
    RecordingResumed = "in-call/recording-resumed",
    /// "Moving your call."
    MovingYourCall = "in-call/moving",
    /// "Your other phone did not answer."
    MoveFailed = "in-call/not-moved",
    /// "Your call. Press 1 to take it over."
    MovedCall = "in-call/press-1-to-take-over",
    /// "Flagged for the clinical lead."
    Flagged = "in-call/flagged",
    /// Music for people who wait; said again and again.
    WaitingMusic = "music/waiting",
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
