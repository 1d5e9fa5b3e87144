//! What stands between two tokens.

/// A comment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Comment<'s> {
    /// With its slashes.
    pub(super) text: &'s str,
    /// New lines between it and what stands before it.
    pub(super) newlines: usize,
}

impl Comment<'_> {
    /// `// ...`, behind which nothing can stand.
    pub(super) fn is_line(&self) -> bool {
        self.text.starts_with("//")
    }

    /// Whether more can stand before and behind it.
    pub(super) fn fits_a_line(&self) -> bool {
        !self.is_line() && !self.text.contains('\n')
    }
}

/// All between two tokens.
#[derive(Clone, Debug, Default)]
pub(super) struct Gap<'s> {
    /// In order.
    pub(super) comments: Vec<Comment<'s>>,
    /// New lines behind the last comment, or behind the token before if there is none.
    pub(super) newlines: usize,
}

impl<'s> Gap<'s> {
    /// Reads white space and comments; a semicolon outside of items, which no token stands for, is passed over.
    pub(super) fn read(text: &'s str) -> Self {
        let mut gap = Self::default();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let length = if rest.starts_with("//") {
                rest.find('\n').unwrap_or(rest.len())
            } else if let Some(body) = rest.strip_prefix("/*") {
                body.find("*/").map_or(rest.len(), |at| at + 4)
            } else {
                gap.newlines += usize::from(c == '\n');
                rest = &rest[c.len_utf8()..];
                continue;
            };
            let (comment, behind) = rest.split_at(length);
            let newlines = std::mem::take(&mut gap.newlines);
            gap.comments.push(Comment { text: comment.trim_end(), newlines });
            rest = behind;
        }
        gap
    }

    /// This gap and the one behind it, where the token between them is gone.
    pub(super) fn then(mut self, mut next: Self) -> Self {
        match next.comments.first_mut() {
            Some(first) => first.newlines += self.newlines,
            None => next.newlines += self.newlines,
        }
        self.comments.append(&mut next.comments);
        self.newlines = next.newlines;
        self
    }

    /// The column where what is behind it starts, if its line stands `indent` in: comments may come first.
    pub(super) fn column_behind(&self, indent: usize) -> usize {
        let mut width = 0;
        let mut newlines = self.newlines;
        for comment in self.comments.iter().rev() {
            if newlines > 0 || comment.is_line() {
                break;
            }
            if let Some((_, last)) = comment.text.rsplit_once('\n') {
                return last.chars().count() + 1 + width;
            }
            width += comment.text.chars().count() + 1;
            newlines = comment.newlines;
        }
        indent + width
    }

    /// Whether all of it can stand on one line.
    pub(super) fn fits_a_line(&self) -> bool {
        self.comments.iter().all(Comment::fits_a_line)
    }

    /// Whether it was written over several lines.
    pub(super) fn has_newline(&self) -> bool {
        self.newlines > 0
            || self.comments.iter().any(|comment| comment.newlines > 0 || !comment.fits_a_line())
    }
}
