//! A goal, and whether it was reached.

use crate::loadgen::round::rounded;
use serde::Serialize;

/// Whether a figure should be large or small.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reach {
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
    /// It is only shown.
    Shown,
}

/// One figure of a goal over all rounds.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    /// What it is, with its unit.
    pub what: &'static str,
    /// The median.
    pub value: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// What it should reach, in words.
    pub reach: String,
    /// Whether the median does.
    pub met: bool,
}

impl Part {
    /// The median of these, of which there is at least one, against what it should reach.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn new(what: &'static str, figures: &[f64], reach: Reach) -> Self {
        let mut sorted = figures.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (sorted[0], sorted[sorted.len() - 1]);
        let middle = sorted.len() / 2;
        let value = if sorted.len() % 2 == 1 {
            sorted[middle]
        } else {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        };
        let (reach, met) = match reach {
            Reach::AtLeast(bound) => (format!("≥ {bound}"), value >= bound),
            Reach::AtMost(bound) => (format!("≤ {bound}"), value <= bound),
            Reach::Shown => ("no bound".to_owned(), true),
        };
        Self { what, value: rounded(value), min: rounded(min), max: rounded(max), reach, met }
    }
}

/// A goal: the figures of its first part, and whether all its parts are met.
#[derive(Clone, Debug, Serialize)]
pub struct Goal {
    /// Its number.
    pub id: u32,
    /// What it is about.
    pub goal: &'static str,
    /// The median of the first part.
    pub value: f64,
    /// Its smallest figure.
    pub min: f64,
    /// Its largest figure.
    pub max: f64,
    /// Whether every part is met.
    pub met: bool,
    /// All that is asked.
    pub parts: Vec<Part>,
}

impl Goal {
    /// A goal of these parts, of which there is at least one.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn new(id: u32, goal: &'static str, parts: Vec<Part>) -> Self {
        let Part { value, min, max, .. } = parts[0];
        let met = parts.iter().all(|part| part.met);
        Self { id, goal, value, min, max, met, parts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_decides_whatever_the_order() {
        let part = |figures: &[f64]| Part::new("ratio", figures, Reach::AtLeast(1.0));
        let odd = part(&[1.2, 0.1, 1.1, 0.9, 5.0]);
        assert_eq!((odd.value, odd.min, odd.max, odd.met), (1.1, 0.1, 5.0, true));
        assert_eq!(part(&[1.0, 0.8]).value, 0.9);
        assert!(!part(&[0.99]).met);
        assert!(Part::new("time", &[0.99], Reach::AtMost(1.0)).met);
    }

    #[test]
    fn a_goal_is_met_when_all_its_parts_are() {
        let (met, missed) =
            (Part::new("a", &[2.0], Reach::AtLeast(1.0)), Part::new("b", &[2.0], Reach::AtMost(1.0)));
        assert!(Goal::new(1, "goal", vec![met.clone()]).met);
        let goal = Goal::new(1, "goal", vec![met, missed]);
        assert_eq!((goal.value, goal.met), (2.0, false));
    }
}
