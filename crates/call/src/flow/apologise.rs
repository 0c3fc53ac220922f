//! A flow has panicked: nothing ends without a word, not even that.
//!
//! Only whoever waits for the call is spoken to: a called phone may be an answerphone.

use rotaline_model::EndCause;
use rotaline_routing::Phrase;

use crate::cx::Cx;
use crate::leg::Leg;
use crate::speech;

/// Says so to the caller, if one is there to hear it.
pub(crate) async fn apologise(cx: Cx, caller: Option<Leg>) -> EndCause {
    if let Some(caller) = caller {
        let sorry = speech::phrase(&cx.plan(), Phrase::Fault);
        caller.tell(vec![sorry]).await;
    }
    EndCause::Fault
}
