//! What a policy field takes: how a value is read and written, and which of two values is stricter.

/// The values of one field.
pub(super) trait Takes {
    /// The value in a [`super::Policy`].
    type Value;
    /// Reads a value; `None` if the field has no such value.
    fn read(&self, text: &str) -> Option<Self::Value>;
    /// The text of a value, as [`Takes::read`] takes it.
    fn text(&self, value: &Self::Value) -> String;
    /// The stricter of two values: what applies where a mandatory policy raises another one.
    fn stricter(&self, mine: &Self::Value, floor: &Self::Value) -> Self::Value;
    /// The values in words, the laxest first.
    fn described(&self) -> String;
}

/// A few words, from the laxest to the strictest.
pub(super) struct Words<T: 'static>(pub &'static [(&'static str, T)]);

impl<T> Words<T> {
    /// Whether one value is stricter than another.
    pub const fn is_ordered(&self) -> bool {
        true
    }
}

impl<T: Copy + PartialEq> Takes for Words<T> {
    type Value = T;

    fn read(&self, text: &str) -> Option<T> {
        self.0.iter().find(|(word, _)| *word == text).map(|(_, value)| *value)
    }

    fn text(&self, value: &T) -> String {
        self.0.iter().find(|(_, known)| known == value).map_or_else(String::new, |(word, _)| (*word).to_owned())
    }

    fn stricter(&self, mine: &T, floor: &T) -> T {
        let place = |value: &T| self.0.iter().position(|(_, known)| known == value);
        if place(floor) > place(mine) { *floor } else { *mine }
    }

    fn described(&self) -> String {
        self.0.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ")
    }
}

/// Words that do not compare: another policy never changes the value.
pub(super) struct Unordered<T: 'static>(pub Words<T>);

impl<T> Unordered<T> {
    /// Whether one value is stricter than another.
    pub const fn is_ordered(&self) -> bool {
        false
    }
}

impl<T: Copy + PartialEq> Takes for Unordered<T> {
    type Value = T;

    fn read(&self, text: &str) -> Option<T> {
        self.0.read(text)
    }

    fn text(&self, value: &T) -> String {
        self.0.text(value)
    }

    fn stricter(&self, mine: &T, _: &T) -> T {
        *mine
    }

    fn described(&self) -> String {
        self.0.described()
    }
}

/// Which numbers of a range are stricter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stricter {
    /// The smaller ones.
    Smaller,
    /// The smaller ones; 0 stands for "without end" and is the laxest.
    SmallerButZero,
    /// The larger ones.
    Larger,
}

/// A whole number between two bounds, both included.
pub(super) struct Range<T>(pub T, pub T, pub Stricter);

impl<T> Range<T> {
    /// Whether one value is stricter than another.
    pub const fn is_ordered(&self) -> bool {
        true
    }
}

impl<T: Copy + Ord + Default + ToString + TryFrom<i64>> Takes for Range<T> {
    type Value = T;

    fn read(&self, text: &str) -> Option<T> {
        let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse::<i64>().ok().filter(|_| plain)?;
        T::try_from(number).ok().filter(|number| (self.0..=self.1).contains(number))
    }

    fn text(&self, value: &T) -> String {
        value.to_string()
    }

    fn stricter(&self, mine: &T, floor: &T) -> T {
        let is_zero = |value: &T| *value == T::default();
        match self.2 {
            Stricter::Larger => *mine.max(floor),
            Stricter::SmallerButZero if is_zero(mine) => *floor,
            Stricter::SmallerButZero if is_zero(floor) => *mine,
            Stricter::Smaller | Stricter::SmallerButZero => *mine.min(floor),
        }
    }

    fn described(&self) -> String {
        let (least, most) = (self.0.to_string(), self.1.to_string());
        match self.2 {
            Stricter::Smaller => format!("{most} down to {least}"),
            Stricter::SmallerButZero => format!("{least} (without end), {most} down to 1"),
            Stricter::Larger => format!("{least} up to {most}"),
        }
    }
}

/// Ports, separated by spaces.
pub(super) struct Ports;

impl Ports {
    /// Whether one value is stricter than another.
    pub const fn is_ordered(&self) -> bool {
        true
    }
}

impl Takes for Ports {
    type Value = Vec<u16>;

    fn read(&self, text: &str) -> Option<Vec<u16>> {
        let port = |port: &str| port.parse().ok().filter(|port| *port != 0);
        let ports: Option<Vec<u16>> = text.split_whitespace().map(port).collect();
        ports.filter(|ports| ports.len() <= 64)
    }

    fn text(&self, value: &Vec<u16>) -> String {
        value.iter().map(u16::to_string).collect::<Vec<_>>().join(" ")
    }

    fn stricter(&self, mine: &Vec<u16>, floor: &Vec<u16>) -> Vec<u16> {
        mine.iter().filter(|port| floor.contains(port)).copied().collect()
    }

    fn described(&self) -> String {
        "ports, separated by spaces, down to none".to_owned()
    }
}
