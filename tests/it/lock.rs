//! The database, taken from the service by this process.

use std::path::Path;

use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tokio::runtime::{Builder, Runtime};

/// Held until it is released.
pub struct Lock {
    runtime: Runtime,
    connection: SqliteConnection,
}

impl Lock {
    /// Keeps every other writer out, as a full or frozen disk does.
    pub fn of_writers(file: &Path) -> Lock {
        Lock::take(SqliteConnectOptions::new().filename(file))
    }

    /// Keeps everybody out, also who only reads; nobody may have it open yet.
    pub fn of_all(file: &Path) -> Lock {
        let options = SqliteConnectOptions::new().filename(file);
        Lock::take(options.pragma("locking_mode", "EXCLUSIVE"))
    }

    fn take(options: SqliteConnectOptions) -> Lock {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let connected = SqliteConnection::connect_with(&options);
        let mut connection = runtime.block_on(connected).unwrap();
        let taken = sqlx::query("BEGIN EXCLUSIVE").execute(&mut connection);
        runtime.block_on(taken).unwrap();
        Lock {
            runtime,
            connection,
        }
    }

    /// Lets go of it.
    pub fn release(mut self) {
        let released = sqlx::query("COMMIT").execute(&mut self.connection);
        self.runtime.block_on(released).unwrap();
        self.runtime.block_on(self.connection.close()).unwrap();
    }
}

/// Rows of a table of the database.
pub fn rows(file: &Path, table: &str) -> i64 {
    let count = format!("SELECT count(*) FROM {table}");
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    runtime.block_on(async {
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let query = sqlx::query_scalar(sqlx::AssertSqlSafe(count));
        query.fetch_one(&mut connection).await.unwrap()
    })
}
