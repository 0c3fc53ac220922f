-- The plan as it is now: one row a thing, its keys as TOML (see rotaline-routing's `Items`).
-- `version` is the revision that changed it last; each change of the plan is one revision.
CREATE TABLE plan_items (
    kind       TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    body       TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    changed_us INTEGER NOT NULL,
    changed_by TEXT    NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

-- Every version of every item that there ever was; no body: it was taken away.
CREATE TABLE plan_history (
    revision   INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    body       TEXT,
    changed_us INTEGER NOT NULL,
    changed_by TEXT    NOT NULL,
    PRIMARY KEY (revision, kind, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX plan_history_by_item ON plan_history (kind, id, revision);
