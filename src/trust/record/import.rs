//! Imports: the store reads the file and merges it, and the rules say what a pin of another program may waive.

use crate::endpoint::{Account, Endpoint};
use crate::store::{ImportFormat, ImportReport, Store, StoreError};
use crate::time::Timestamp;
use crate::trust::rules::waiver;

impl Store {
    /// Imports, or says what it would do. Lines that cannot be read are remarks, not errors. Where the
    /// format knows no accounts, the pins are those of the one without a name.
    pub fn import(
        &self,
        format: ImportFormat,
        data: &[u8],
        commit: bool,
        now: Timestamp,
    ) -> Result<ImportReport, StoreError> {
        self.import_as(format, data, &Account::default(), commit, now)
    }

    /// [`Store::import`] for an account: where the format knows none, all pins are those of this one.
    pub fn import_as(
        &self,
        format: ImportFormat,
        data: &[u8],
        account: &Account,
        commit: bool,
        now: Timestamp,
    ) -> Result<ImportReport, StoreError> {
        self.take_file(format, data, (account, None), waiver::foreign, (commit, now))
    }

    /// [`Store::import_as`] for the endpoint's account; its host and port count where the file does not
    /// say itself which server it is about.
    pub fn import_for(
        &self,
        format: ImportFormat,
        data: &[u8],
        endpoint: Option<&Endpoint>,
        commit: bool,
        now: Timestamp,
    ) -> Result<ImportReport, StoreError> {
        let account = endpoint.map(|endpoint| endpoint.account.clone()).unwrap_or_default();
        self.take_file(format, data, (&account, endpoint), waiver::foreign, (commit, now))
    }
}
