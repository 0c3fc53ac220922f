//! The database: migrations, projection of the journal, queries.
