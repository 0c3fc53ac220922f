//! What many operations refuse in the same words, for their description.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};

type Responses = BTreeMap<String, RefOr<Response>>;

/// Refusals of everything that changes the plan.
pub(crate) struct PlanNotChanged;

impl IntoResponses for PlanNotChanged {
    fn responses() -> Responses {
        problems(&[
            ("400", "What was sent is not what it should be"),
            ("401", "No token, or a wrong one"),
            ("404", "There is none"),
            ("412", "Somebody else was first"),
            ("422", "The plan would be faulty; `errors` says how"),
            ("503", "Could not be kept; nothing was changed"),
        ])
    }
}

/// Refusals of everything that reads what the plan comes to.
pub(crate) struct PlanNotShown;

impl IntoResponses for PlanNotShown {
    fn responses() -> Responses {
        problems(&[
            ("400", "What was asked is not what it should be"),
            ("401", "No token, or a wrong one"),
            ("404", "There is none"),
        ])
    }
}

/// Refusals of everything that changes a call.
pub(crate) struct CallNotChanged;

impl IntoResponses for CallNotChanged {
    fn responses() -> Responses {
        problems(&[
            ("400", "The body is not what it should be"),
            ("401", "No token, or a wrong one"),
            ("404", "There is none"),
            ("413", "The body is too large"),
            ("415", "The body is not JSON"),
            ("422", "It cannot be; `errors` says why"),
            ("503", "Could not be kept; nothing was changed"),
        ])
    }
}

/// Refusals of everything that reads calls.
pub(crate) struct CallNotShown;

impl IntoResponses for CallNotShown {
    fn responses() -> Responses {
        problems(&[
            ("400", "What was asked is not what it should be"),
            ("401", "No token, or a wrong one"),
            ("404", "There is none"),
            ("503", "Not in memory, and the database is away"),
        ])
    }
}

fn problems(of: &[(&str, &str)]) -> Responses {
    let response = |description: &str| -> RefOr<Response> {
        let content = Content::builder()
            .schema(Some(Ref::from_schema_name("Problem")))
            .build();
        ResponseBuilder::new()
            .description(description)
            .content("application/problem+json", content)
            .build()
            .into()
    };
    let each = of.iter();
    each.map(|(status, description)| ((*status).to_owned(), response(description)))
        .collect()
}
