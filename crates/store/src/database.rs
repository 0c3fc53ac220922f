//! Which database: the URL that people write, checked before anything is opened.
//!
//! ```text
//! sqlite:data/rotaline.db                        a file
//! postgres://rotaline@db.example/rotaline        a database on a server
//! ```

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::postgres::PgConnectOptions;

use crate::{PostgresStorage, SqliteStorage, Storage, StoreError};

/// A database that can be opened.
#[derive(Clone, Debug)]
pub enum Database {
    /// A file, made if it is not there.
    Sqlite(PathBuf),
    /// A database on a PostgreSQL server.
    Postgres(Box<PgConnectOptions>),
}

/// Why a URL names no database, and what would be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDatabase {
    /// Neither of the two that there are.
    #[error("neither sqlite: nor postgres:")]
    Scheme,
    /// `sqlite:` alone.
    #[error("sqlite: without a file")]
    NoFile,
    /// A file of memory would be lost with every connection.
    #[error("a database in memory keeps nothing")]
    Memory,
    /// The driver does not understand it. What it says could repeat a password.
    #[error("not a URL of PostgreSQL")]
    Postgres,
    /// A server, but not which of its databases.
    #[error("a server without the name of a database")]
    NoName,
}

impl Database {
    /// What is right, for people.
    pub const EXAMPLES: &str = "\"sqlite:FILE\" (relative to this file), or \
        \"postgres://USER@HOST:PORT/NAME\"; a password belongs in ~/.pgpass, PGPASSFILE or \
        PGPASSWORD";

    /// From a URL; files are relative to `folder`.
    pub fn parse(url: &str, folder: &Path) -> Result<Database, BadDatabase> {
        if let Some(file) = url.strip_prefix("sqlite:") {
            // `sqlite:///var/lib/a.db` is a path too; `sqlite://a.db` is what other tools write.
            let file = file.strip_prefix("//").unwrap_or(file);
            return match file {
                "" => Err(BadDatabase::NoFile),
                ":memory:" => Err(BadDatabase::Memory),
                file => Ok(Database::Sqlite(folder.join(file))),
            };
        }
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(BadDatabase::Scheme);
        }
        let options: PgConnectOptions = url.parse().map_err(|_| BadDatabase::Postgres)?;
        if options.get_database().is_none_or(str::is_empty) {
            return Err(BadDatabase::NoName);
        }
        Ok(Database::Postgres(Box::new(options)))
    }

    /// Opens it, its tables brought to this version.
    pub async fn open(&self) -> Result<Arc<dyn Storage>, StoreError> {
        Ok(match self {
            Database::Sqlite(file) => Arc::new(SqliteStorage::open(file).await?),
            Database::Postgres(options) => {
                Arc::new(PostgresStorage::open(options.as_ref().clone()).await?)
            }
        })
    }

    /// Opens one that is there, whose tables are left as they are. None: it is of a version that
    /// kept no plan in it.
    pub async fn open_to_read(&self) -> Result<Option<Arc<dyn Storage>>, StoreError> {
        fn shared(storage: impl Storage) -> Arc<dyn Storage> {
            Arc::new(storage)
        }
        Ok(match self {
            Database::Sqlite(file) => SqliteStorage::open_to_read(file).await?.map(shared),
            Database::Postgres(options) => {
                let storage = PostgresStorage::open_to_read(options.as_ref().clone()).await?;
                storage.map(shared)
            }
        })
    }

    /// Whether there may be something in it: a file is there, or a server is to be asked.
    pub fn is_there(&self) -> bool {
        match self {
            Database::Sqlite(file) => file.exists(),
            Database::Postgres(_) => true,
        }
    }
}

/// For people and logs: without a password.
impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Database::Sqlite(file) => file.display().fmt(f),
            Database::Postgres(options) => {
                let name = options.get_database().unwrap_or_default();
                let host = match options.get_socket() {
                    Some(folder) => folder.display().to_string(),
                    None => options.get_host().to_owned(),
                };
                write!(f, "{name} on {host}:{}", options.get_port())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BadDatabase, Database};
    use std::path::Path;

    fn shown(url: &str) -> Result<String, BadDatabase> {
        Database::parse(url, Path::new("/etc/rotaline")).map(|it| it.to_string())
    }

    #[test]
    fn a_url_is_a_file_or_a_server_and_its_password_is_not_shown() {
        for (url, expected) in [
            ("sqlite:a.db", "/etc/rotaline/a.db"),
            ("sqlite:../a.db", "/etc/rotaline/../a.db"),
            ("sqlite:/var/a.db", "/var/a.db"),
            ("sqlite:///var/a.db", "/var/a.db"),
            ("postgres://u:secret@db/calls", "calls on db:5432"),
            ("postgresql://u@127.0.0.1:54/calls", "calls on 127.0.0.1:54"),
            ("postgres://u@%2Frun%2Fpg/calls", "calls on /run/pg:5432"),
        ] {
            assert_eq!(shown(url).as_deref(), Ok(expected), "{url}");
        }
    }

    #[test]
    fn what_names_no_database_says_what_is_wrong() {
        for (url, expected) in [
            ("rotaline.db", BadDatabase::Scheme),
            ("mysql://u@db/calls", BadDatabase::Scheme),
            ("sqlite:", BadDatabase::NoFile),
            ("sqlite::memory:", BadDatabase::Memory),
            ("postgres://u@db", BadDatabase::NoName),
            ("postgres://u:secret@db:port/calls", BadDatabase::Postgres),
        ] {
            assert_eq!(shown(url), Err(expected), "{url}");
            assert!(!expected.to_string().contains("secret"));
        }
    }
}
