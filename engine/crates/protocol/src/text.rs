use std::fmt;

/// A text of at most `N` bytes, filled up with zero bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Text<const N: usize>([u8; N]);

impl<const N: usize> Text<N> {
    pub const EMPTY: Self = Text([0; N]);

    /// `None` when the text is longer than `N` bytes.
    pub fn new(text: &str) -> Option<Self> {
        let mut bytes = [0; N];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(Text(bytes))
    }

    /// The beginning of the text, as much of it as fits.
    pub fn clipped(text: &str) -> Self {
        let end = (0..=N.min(text.len()))
            .rev()
            .find(|&end| text.is_char_boundary(end))
            .unwrap_or(0);
        Self::new(&text[..end]).unwrap_or(Self::EMPTY)
    }

    pub const fn from_bytes(bytes: [u8; N]) -> Self {
        Text(bytes)
    }

    pub const fn bytes(&self) -> &[u8; N] {
        &self.0
    }

    /// The text up to the first zero byte; empty when it is not UTF-8.
    pub fn as_str(&self) -> &str {
        let end = self.0.iter().position(|&byte| byte == 0).unwrap_or(N);
        std::str::from_utf8(&self.0[..end]).unwrap_or("")
    }

    pub fn is_empty(&self) -> bool {
        self.as_str().is_empty()
    }
}

impl<const N: usize> fmt::Display for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
