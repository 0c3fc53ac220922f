//! Keys that nobody may hear again: while this lives, silence is recorded in place of sound.

use rotaline_routing::Recording;

use crate::boundary::Action;
use crate::cx::Cx;

/// A stretch of the case's recording that is masked. The writer reaches back 500 ms, so that a key
/// which is recognised late is masked from its start.
pub(crate) struct Masked(Option<Cx>);

impl Masked {
    /// Masks from now on, if anything is recorded.
    pub(crate) fn new(cx: &Cx) -> Self {
        let recorded = cx.recording() == Recording::On;
        if recorded {
            cx.act(Action::MaskRecording(cx.case_part(), true));
        }
        Masked(recorded.then(|| cx.clone()))
    }
}

impl Drop for Masked {
    fn drop(&mut self) {
        if let Some(cx) = &self.0 {
            cx.act(Action::MaskRecording(cx.case_part(), false));
        }
    }
}
