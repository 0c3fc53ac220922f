//! `/organisations`, `/people`, `/practices`, `/numbers`, `/specialties`, `/outcome-menus`,
//! `/bank-holidays`: the same verbs on each, so one macro writes them. What they do is in
//! [`super::resource`].

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use rotaline_routing::{Item, ItemKind};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::resource::{self, ItemFilter, ItemPage};
use crate::ApiState;
use crate::access::Asker;
use crate::problem::{ApiError, Problem};
use crate::refusals::PlanNotChanged;

macro_rules! resource {
    ($name:ident, $kind:expr, $all:tt, $one:tt, $ids:tt) => {
        mod $name {
            use super::*;

            /// List them, by id
            #[utoipa::path(
                get,
                path = $all,
                tag = "plan",
                operation_id = concat!("list ", $ids),
                params(ItemFilter),
                responses(
                    (status = 200, description = "A page", body = ItemPage),
                    (status = 400, description = "A filter is not what it should be",
                        body = Problem, content_type = "application/problem+json"),
                    (status = 401, description = "No token, or a wrong one", body = Problem,
                        content_type = "application/problem+json"),
                ),
                security(("token" = []))
            )]
            pub(super) async fn list(
                State(state): State<ApiState>,
                asker: Asker,
                filter: Result<Query<ItemFilter>, QueryRejection>,
            ) -> Result<Json<ItemPage>, ApiError> {
                resource::list((&state, &asker), $kind, filter)
            }

            /// One of them, its version as ETag
            #[utoipa::path(
                get,
                path = $one,
                tag = "plan",
                operation_id = concat!("get ", $ids),
                params(("id" = String, Path, description = "Its id")),
                responses(
                    (status = 200, description = "Its keys, as in a plan file", body = Object),
                    (status = 401, description = "No token, or a wrong one", body = Problem,
                        content_type = "application/problem+json"),
                    (status = 404, description = "There is none", body = Problem,
                        content_type = "application/problem+json"),
                ),
                security(("token" = []))
            )]
            pub(super) async fn one(
                State(state): State<ApiState>,
                asker: Asker,
                Path(id): Path<String>,
            ) -> Result<Response, ApiError> {
                resource::one((&state, &asker), $kind, &id)
            }

            /// Make one, or change it as a whole
            #[utoipa::path(
                put,
                path = $one,
                tag = "plan",
                operation_id = concat!("put ", $ids),
                params(
                    ("id" = String, Path, description = "Its id"),
                    ("If-Match" = Option<String>, Header, description = "Its ETag"),
                    ("If-None-Match" = Option<String>, Header, description = "*: only a new one"),
                ),
                request_body = Object,
                responses(
                    (status = 200, description = "Changed", body = Object),
                    (status = 201, description = "Made", body = Object),
                    PlanNotChanged,
                ),
                security(("token" = []))
            )]
            pub(super) async fn put(
                State(state): State<ApiState>,
                asker: Asker,
                Path(id): Path<String>,
                headers: HeaderMap,
                body: Result<Json<Item>, JsonRejection>,
            ) -> Result<Response, ApiError> {
                resource::put((&state, &asker), $kind, &id, &headers, body).await
            }

            /// Take one away
            #[utoipa::path(
                delete,
                path = $one,
                tag = "plan",
                operation_id = concat!("delete ", $ids),
                params(
                    ("id" = String, Path, description = "Its id"),
                    ("If-Match" = Option<String>, Header, description = "Its ETag"),
                ),
                responses(
                    (status = 204, description = "It is no more"),
                    PlanNotChanged,
                ),
                security(("token" = []))
            )]
            pub(super) async fn delete(
                State(state): State<ApiState>,
                asker: Asker,
                Path(id): Path<String>,
                headers: HeaderMap,
            ) -> Result<StatusCode, ApiError> {
                resource::delete((&state, &asker), $kind, &id, &headers).await
            }

            pub(super) fn routes() -> OpenApiRouter<ApiState> {
                OpenApiRouter::new()
                    .routes(routes!(list))
                    .routes(routes!(one, put, delete))
            }
        }
    };
}

resource!(
    organisations,
    ItemKind::Organisation,
    "/api/v1/organisations",
    "/api/v1/organisations/{id}",
    "organisations"
);
resource!(
    people,
    ItemKind::Person,
    "/api/v1/people",
    "/api/v1/people/{id}",
    "people"
);
resource!(
    practices,
    ItemKind::Practice,
    "/api/v1/practices",
    "/api/v1/practices/{id}",
    "practices"
);
resource!(
    numbers,
    ItemKind::Number,
    "/api/v1/numbers",
    "/api/v1/numbers/{id}",
    "numbers"
);
resource!(
    specialties,
    ItemKind::Specialty,
    "/api/v1/specialties",
    "/api/v1/specialties/{id}",
    "specialties"
);
resource!(
    outcome_menus,
    ItemKind::Outcomes,
    "/api/v1/outcome-menus",
    "/api/v1/outcome-menus/{id}",
    "outcome menus"
);
resource!(
    bank_holidays,
    ItemKind::BankHolidays,
    "/api/v1/bank-holidays",
    "/api/v1/bank-holidays/{id}",
    "bank holidays"
);

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .merge(organisations::routes())
        .merge(people::routes())
        .merge(practices::routes())
        .merge(numbers::routes())
        .merge(specialties::routes())
        .merge(outcome_menus::routes())
        .merge(bank_holidays::routes())
}
