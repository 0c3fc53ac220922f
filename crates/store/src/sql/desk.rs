//! Codes, PINs, pauses, requests and missed calls. Whatever must happen once is one statement, or a
//! transaction that takes its turn.

use jiff::Timestamp;
use rotaline_model::{
    CaseId, ErrandId, OrganisationId, PersonId, PracticeId, RequestId, SpecialtyId,
};
use rotaline_record::RequestState;
use sqlx::{AssertSqlSafe, Row as _};
use uuid::Uuid;

use super::dialect::{self, BOUND_HAS_4, Row, Tables, Turn, bounded, json, json_of, text};
use crate::desk_storage::LIST_BOUND;
use crate::storage::{name_of, named};
use crate::{
    Added, Claim, CodeMac, DeskStorage, ErrandRow, PastAttempt, Pending, PhoneUse, StoreError,
};

/// An errand that is over is kept for so long, in microseconds: a day.
const KEPT_US: i64 = 24 * 3_600 * 1_000_000;

impl DeskStorage for Tables {
    fn add_errand(&self, row: ErrandRow, live: i64) -> Pending<'_, Added> {
        bounded(async move {
            let mut transaction = dialect::begin_in_turn(&self.writer, Turn::Errands).await?;
            sqlx::query("DELETE FROM errands WHERE expires_us < $1")
                .bind(row.made_us - KEPT_US)
                .execute(&mut *transaction)
                .await?;
            let counts = sqlx::query(
                "SELECT count(*) FILTER (WHERE mac = $1) AS taken,
                        count(*) FILTER (WHERE kind = $2) AS live
                 FROM errands WHERE organisation = $3 AND expires_us > $4 AND uses_left > 0",
            )
            .bind(row.mac.as_slice())
            .bind(&row.kind)
            .bind(row.organisation.as_str())
            .bind(row.made_us)
            .fetch_one(&mut *transaction)
            .await?;
            if counts.try_get::<i64, _>("live")? >= live {
                return Ok(Added::Full);
            }
            if counts.try_get::<i64, _>("taken")? > 0 {
                return Ok(Added::Taken);
            }
            let bound = row.bound.as_ref().map(serde_json::to_string);
            sqlx::query(
                "INSERT INTO errands (id, kind, organisation, mac, bound, made_us, expires_us,
                 uses_left, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            )
            .bind(row.id.uuid())
            .bind(&row.kind)
            .bind(row.organisation.as_str())
            .bind(row.mac.as_slice())
            .bind(bound.transpose().map_err(StoreError::unwritable)?.map(json))
            .bind(row.made_us)
            .bind(row.expires_us)
            .bind(row.uses_left)
            .bind(&row.body)
            .execute(&mut *transaction)
            .await?;
            transaction.commit().await?;
            Ok(Added::Added)
        })
    }

    fn claim_errand(&self, claim: Claim) -> Pending<'_, Option<String>> {
        bounded(async move {
            let body = sqlx::query_scalar(AssertSqlSafe(format!(
                "UPDATE errands SET uses_left = uses_left - 1, claimed_us = $1
                 WHERE organisation = $2 AND mac = $3 AND uses_left > 0 AND expires_us > $1
                 AND (bound IS NULL OR {BOUND_HAS_4}) RETURNING body",
            )))
            .bind(claim.now_us)
            .bind(claim.organisation.as_str())
            .bind(claim.mac.as_slice())
            .bind(claim.caller)
            .fetch_optional(&self.writer)
            .await?;
            Ok(body)
        })
    }

    fn live_errands(&self, kind: String, now_us: i64) -> Pending<'_, Vec<ErrandRow>> {
        bounded(async move {
            let rows = sqlx::query(
                "SELECT * FROM errands WHERE kind = $1 AND expires_us > $2 AND uses_left > 0
                 ORDER BY made_us DESC, id DESC LIMIT $3",
            )
            .bind(kind)
            .bind(now_us)
            .bind(LIST_BOUND)
            .fetch_all(&self.readers)
            .await?;
            rows.iter().map(errand_row).collect()
        })
    }

    fn withdraw_errand(&self, kind: String, id: ErrandId, now_us: i64) -> Pending<'_, bool> {
        bounded(async move {
            let done = sqlx::query(
                "UPDATE errands SET uses_left = 0
                 WHERE id = $1 AND kind = $2 AND uses_left > 0 AND expires_us > $3",
            )
            .bind(id.uuid())
            .bind(kind)
            .bind(now_us)
            .execute(&self.writer)
            .await?;
            Ok(done.rows_affected() > 0)
        })
    }

    fn set_pin(&self, person: PersonId, mac: CodeMac) -> Pending<'_, ()> {
        bounded(async move {
            sqlx::query(
                "INSERT INTO pins (person, mac) VALUES ($1, $2)
                 ON CONFLICT (person) DO UPDATE SET mac = excluded.mac",
            )
            .bind(person.as_str())
            .bind(mac.as_slice())
            .execute(&self.writer)
            .await?;
            Ok(())
        })
    }

    fn pin(&self, person: PersonId) -> Pending<'_, Option<Vec<u8>>> {
        bounded(async move {
            let mac = sqlx::query_scalar("SELECT mac FROM pins WHERE person = $1")
                .bind(person.as_str())
                .fetch_optional(&self.readers)
                .await?;
            Ok(mac)
        })
    }

    fn set_pause(&self, person: PersonId, until: Option<Timestamp>) -> Pending<'_, ()> {
        bounded(async move {
            let query = match until {
                Some(until) => sqlx::query(
                    "INSERT INTO pauses (person, until_us) VALUES ($1, $2)
                     ON CONFLICT (person) DO UPDATE SET until_us = excluded.until_us",
                )
                .bind(person.as_str())
                .bind(until.as_microsecond()),
                None => sqlx::query("DELETE FROM pauses WHERE person = $1").bind(person.as_str()),
            };
            query.execute(&self.writer).await?;
            Ok(())
        })
    }

    fn pauses(&self, now: Timestamp) -> Pending<'_, Vec<(PersonId, Timestamp)>> {
        bounded(async move {
            let rows = sqlx::query(
                "SELECT person, until_us FROM pauses WHERE until_us > $1 ORDER BY person",
            )
            .bind(now.as_microsecond())
            .fetch_all(&self.readers)
            .await?;
            let pause = |row: &Row| {
                let (person, until): (String, i64) =
                    (row.try_get("person")?, row.try_get("until_us")?);
                let person = PersonId::parse(&person).ok();
                Ok(person.zip(Timestamp::from_microsecond(until).ok()))
            };
            rows.iter()
                .filter_map(|row| pause(row).transpose())
                .collect()
        })
    }

    fn cases_with_requests(&self, state: RequestState) -> Pending<'_, Vec<CaseId>> {
        bounded(async move {
            let rows = sqlx::query(
                "SELECT case_id, max(at_us) AS at_us FROM requests WHERE state = $1
                 GROUP BY case_id ORDER BY at_us DESC, case_id DESC LIMIT $2",
            )
            .bind(name_of(&state).unwrap_or_default())
            .bind(LIST_BOUND)
            .fetch_all(&self.readers)
            .await?;
            rows.iter().map(case_id).collect()
        })
    }

    fn cases_missed_by(
        &self,
        person: PersonId,
        since: Timestamp,
        bound: usize,
    ) -> Pending<'_, Vec<CaseId>> {
        bounded(async move {
            let rows = sqlx::query(
                "SELECT case_id, max(started_us) AS started_us FROM attempts
                 WHERE person = $1 AND started_us >= $2
                 GROUP BY case_id HAVING max(joined_us) IS NULL
                 ORDER BY started_us DESC, case_id DESC LIMIT $3",
            )
            .bind(person.as_str())
            .bind(since.as_microsecond())
            .bind(i64::try_from(bound).unwrap_or(i64::MAX))
            .fetch_all(&self.readers)
            .await?;
            rows.iter().map(case_id).collect()
        })
    }

    fn phone_uses(&self) -> Pending<'_, Vec<PhoneUse>> {
        bounded(async move {
            let rows = sqlx::query(
                "SELECT person, phone, min(started_us) AS first_us, max(answered_us) AS answered_us
                 FROM attempts WHERE person IS NOT NULL
                 GROUP BY person, phone ORDER BY person, phone",
            )
            .fetch_all(&self.readers)
            .await?;
            let uses = rows.iter().map(phone_use);
            uses.filter_map(Result::transpose).collect()
        })
    }

    fn attempts_since(&self, since: Timestamp, bound: usize) -> Pending<'_, Vec<PastAttempt>> {
        bounded(async move {
            let rows = sqlx::query(
                "SELECT attempts.person, cases.specialty, attempts.started_us, attempts.joined_us,
                        cases.talk_ms
                 FROM attempts JOIN cases ON cases.id = attempts.case_id
                 WHERE attempts.person IS NOT NULL AND attempts.started_us >= $1
                 ORDER BY attempts.started_us DESC, attempts.case_id DESC LIMIT $2",
            )
            .bind(since.as_microsecond())
            .bind(i64::try_from(bound).unwrap_or(i64::MAX))
            .fetch_all(&self.readers)
            .await?;
            let newest_last = rows.iter().rev().map(past_attempt);
            newest_last.filter_map(Result::transpose).collect()
        })
    }

    fn case_of_request(&self, request: RequestId) -> Pending<'_, Option<CaseId>> {
        bounded(async move {
            let row = sqlx::query("SELECT case_id FROM requests WHERE id = $1")
                .bind(request.uuid())
                .fetch_optional(&self.readers)
                .await?;
            row.as_ref().map(case_id).transpose()
        })
    }

    fn practices_of_caller(&self, caller: String, bound: usize) -> Pending<'_, Vec<PracticeId>> {
        bounded(async move {
            let practices: Vec<String> = sqlx::query_scalar(
                "SELECT practice FROM assignments WHERE caller = $1 AND practice IS NOT NULL
                 GROUP BY practice ORDER BY max(at_us) DESC, practice LIMIT $2",
            )
            .bind(text(caller))
            .bind(i64::try_from(bound).unwrap_or(i64::MAX))
            .fetch_all(&self.readers)
            .await?;
            let practices = practices.iter();
            Ok(practices
                .filter_map(|id| PracticeId::parse(id).ok())
                .collect())
        })
    }
}

/// None: a later version wrote what this one does not know.
fn phone_use(row: &Row) -> Result<Option<PhoneUse>, StoreError> {
    let (person, kind): (String, String) = (row.try_get("person")?, row.try_get("phone")?);
    let (first, answered): (i64, Option<i64>) =
        (row.try_get("first_us")?, row.try_get("answered_us")?);
    let known = PersonId::parse(&person).ok().zip(named(&kind));
    Ok(known.map(|(person, kind)| PhoneUse {
        person,
        kind,
        first_rung_at: instant(first),
        answered_at: answered.map(instant),
    }))
}

fn past_attempt(row: &Row) -> Result<Option<PastAttempt>, StoreError> {
    let person: String = row.try_get("person")?;
    let specialty: Option<String> = row.try_get("specialty")?;
    let (started, joined): (i64, Option<i64>) =
        (row.try_get("started_us")?, row.try_get("joined_us")?);
    let talk_ms: i64 = row.try_get("talk_ms")?;
    let Ok(person) = PersonId::parse(&person) else {
        return Ok(None);
    };
    Ok(Some(PastAttempt {
        person,
        specialty: specialty.and_then(|id| SpecialtyId::parse(&id).ok()),
        rung_at: instant(started),
        talked: joined.map(|us| (instant(us), instant(us.saturating_add(talk_ms * 1_000)))),
    }))
}

fn instant(us: i64) -> Timestamp {
    Timestamp::from_microsecond(us).unwrap_or(Timestamp::MIN)
}

fn case_id(row: &Row) -> Result<CaseId, StoreError> {
    let id: Uuid = row.try_get("case_id")?;
    Ok(id.into())
}

fn errand_row(row: &Row) -> Result<ErrandRow, StoreError> {
    let id: Uuid = row.try_get("id")?;
    let (organisation, mac): (String, Vec<u8>) =
        (row.try_get("organisation")?, row.try_get("mac")?);
    let bound = json_of(row, "bound")?;
    let bound = bound.map(|text| serde_json::from_str(&text));
    let strange = |error: &str| StoreError::Database(error.into());
    Ok(ErrandRow {
        id: id.into(),
        kind: row.try_get("kind")?,
        organisation: OrganisationId::parse(&organisation)
            .map_err(|_| strange("an organisation's id that is none"))?,
        mac: mac
            .try_into()
            .map_err(|_| strange("a code of the wrong length"))?,
        bound: bound.transpose().map_err(StoreError::unwritable)?,
        made_us: row.try_get("made_us")?,
        expires_us: row.try_get("expires_us")?,
        uses_left: row.try_get("uses_left")?,
        claimed_us: row.try_get("claimed_us")?,
        body: row.try_get("body")?,
    })
}
