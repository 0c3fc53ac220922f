//! A call that starts without anybody ringing us: an intent is carried out (SERVICE 1.10, 3, "on
//! screen").

use rotaline_model::EndCause;
use rotaline_record::{CallKind, Fact, Intent, Undertaking};

use super::arrive::practice_of;
use crate::cx::Cx;

/// From the intent to the end cause.
pub(crate) async fn undertake(cx: Cx, intent: Box<Intent>) -> EndCause {
    begin(&cx, &intent);
    match intent.undertaking {
        Undertaking::KeepTrying(_) | Undertaking::Specialty { .. } | Undertaking::Errand { .. } => {
            EndCause::NotAnswered
        }
    }
}

fn begin(cx: &Cx, intent: &Intent) {
    if let Some(opening) = &intent.opening {
        let plan = cx.plan();
        let practice = practice_of(cx, &plan);
        cx.note(Fact::CaseOpened {
            dialled: None,
            caller: intent.caller.clone(),
            organisation: opening.organisation.clone(),
            practice: practice.map(|practice| practice.id.clone()),
            area: practice.and_then(|practice| practice.area.clone()),
        });
    }
    cx.note(Fact::CallStarted {
        call: intent.call,
        sip_call_id: None,
        kind: match intent.undertaking {
            Undertaking::KeepTrying(_) => CallKind::KeepTrying,
            Undertaking::Specialty { .. } => CallKind::OnScreen,
            Undertaking::Errand { .. } => CallKind::ClickToCall,
        },
    });
}
