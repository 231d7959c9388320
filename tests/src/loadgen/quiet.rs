//! Rounds that others disturbed are done again.

use super::error::LoadError;
use super::round::Round;

/// Cores kept busy by others that a round may have beside it.
pub const OTHERS: f64 = 0.3;

/// Measures until nobody disturbs, at most `repeats` times more than once; then the least disturbed round counts, and says so.
///
/// # Errors
/// Those of the measurement.
pub async fn undisturbed<F>(repeats: u32, mut measure: F) -> Result<Round, LoadError>
where
    F: AsyncFnMut() -> Result<Round, LoadError>,
{
    let mut best: Option<Round> = None;
    for repeated in 0..=repeats {
        let mut round = measure().await?;
        let quieter = best.as_ref().is_none_or(|best| round.usage.other_cores < best.usage.other_cores);
        if quieter {
            round.repeated = repeated;
            best = Some(round);
        }
        if best.as_ref().is_some_and(|best| !best.disturbed()) {
            break;
        }
    }
    Ok(best.expect("it was measured at least once"))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn first_of(others: &[f64], repeats: u32) -> Round {
        let mut others = others.iter();
        let measure = async || {
            let mut round = Round::default();
            round.usage.other_cores = *others.next().expect("no more rounds than needed");
            Ok(round)
        };
        undisturbed(repeats, measure).await.expect("no error")
    }

    #[tokio::test]
    async fn a_disturbed_round_is_done_again_and_the_quietest_counts() {
        assert_eq!(first_of(&[0.1], 5).await.repeated, 0);
        let round = first_of(&[2.0, 0.4, 0.2], 5).await;
        assert_eq!((round.repeated, round.disturbed()), (2, false));
        let round = first_of(&[2.0, 0.9, 1.5], 2).await;
        assert_eq!((round.repeated, round.disturbed()), (1, true));
    }
}
