//! Objects with setters: a draft that belongs to one thread until its first use, which freezes it.
//! A refused setting is remembered, so that a program which ignores a setter's answer cannot go on
//! with less than it asked for.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::error::Failure;

/// Something being built, then frozen. The lock makes misuse from two threads harmless.
pub(super) struct Building<T> {
    noun: &'static str,
    draft: Mutex<Draft<T>>,
    built: OnceLock<T>,
}

struct Draft<T> {
    /// `None` once frozen.
    value: Option<T>,
    refused: Option<Failure>,
}

impl<T> Building<T> {
    /// A draft; `noun` names the object in messages.
    pub(super) fn new(noun: &'static str, value: T) -> Self {
        Self { noun, draft: Mutex::new(Draft { value: Some(value), refused: None }), built: OnceLock::new() }
    }

    /// Something that is frozen from the start.
    pub(super) fn built(noun: &'static str, value: T) -> Self {
        Self { noun, draft: Mutex::new(Draft { value: None, refused: None }), built: OnceLock::from(value) }
    }

    /// Runs a setter. Its refusal is remembered; after the first use every setter is refused.
    pub(super) fn edit(&self, set: impl FnOnce(&mut T) -> Result<(), Failure>) -> Result<(), Failure> {
        let mut draft = self.lock();
        let Some(value) = draft.value.as_mut() else { return Err(Failure::frozen(self.noun)) };
        let result = set(value);
        if let Err(failure) = &result {
            draft.refused.get_or_insert_with(|| failure.clone());
        }
        result
    }

    /// The first use: freezes, or fails with the first refusal.
    pub(super) fn freeze(&self) -> Result<&T, Failure> {
        if let Some(built) = self.built.get() {
            return Ok(built);
        }
        let mut draft = self.lock();
        if let Some(refused) = &draft.refused {
            return Err(refused.clone().remembered(self.noun));
        }
        if let Some(value) = draft.value.take() {
            return Ok(self.built.get_or_init(|| value));
        }
        self.built.get().ok_or_else(|| Failure::internal("an object is neither draft nor built"))
    }

    /// The only use of what is for one use: takes it, or fails with the first refusal.
    pub(super) fn take(&self) -> Result<T, Failure> {
        let mut draft = self.lock();
        if let Some(refused) = &draft.refused {
            return Err(refused.clone().remembered(self.noun));
        }
        draft.value.take().ok_or_else(|| Failure::used(self.noun))
    }

    /// Looks without freezing, for accessors.
    pub(super) fn look<R>(&self, look: impl FnOnce(&T) -> Option<R>) -> Option<R> {
        match self.built.get() {
            Some(built) => look(built),
            None => match self.lock().value.as_ref() {
                Some(draft) => look(draft),
                // Frozen by another thread between the two lines above.
                None => look(self.built.get()?),
            },
        }
    }

    fn lock(&self) -> MutexGuard<'_, Draft<T>> {
        self.draft.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::error::Code;
    use super::*;

    fn set_to_two(value: &mut i32) -> Result<(), Failure> {
        *value = 2;
        Ok(())
    }

    #[test]
    fn the_first_use_freezes() {
        let object = Building::new("check", 1);
        object.edit(set_to_two).unwrap();
        assert_eq!(object.freeze().unwrap(), &2);
        assert_eq!(object.edit(|_| unreachable!()).unwrap_err().code(), Code::State);
        assert_eq!(object.look(|v| Some(*v)), Some(2));
    }

    #[test]
    fn what_is_for_one_use_can_be_taken_once() {
        let object = Building::new("dial", 1);
        object.edit(set_to_two).unwrap();
        assert_eq!(object.take(), Ok(2));
        assert_eq!(object.take().unwrap_err().code(), Code::State);
        assert_eq!(object.edit(|_| unreachable!()).unwrap_err().code(), Code::State);
    }

    #[test]
    fn a_refusal_is_remembered_whatever_succeeds_later() {
        let object = Building::new("check", 1);
        object.edit(|_| Err(Failure::invalid("flags: unknown bits"))).unwrap_err();
        object.edit(set_to_two).unwrap();
        assert_eq!(object.take().unwrap_err().code(), Code::Invalid);
        let failure = object.freeze().unwrap_err();
        assert_eq!(failure.code(), Code::Invalid);
        assert!(failure.message().contains("flags: unknown bits"), "{}", failure.message());
    }
}
