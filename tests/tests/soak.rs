//! A smoke of the soak: a few hundred good and hostile runs at once, none lost. `cargo xtask bench soak` goes on for minutes.

use presetter_tests::soak;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_few_hundred_mixed_runs_none_is_lost() {
    let counted = soak(|runs| runs >= 400, |runs| runs >= 200).await;
    assert!(counted.lost.is_empty(), "{:#?}", counted.lost);
    let (runs, kinds) = (counted.ended.values().sum::<u64>(), counted.ended.len());
    assert!(runs >= 400 && kinds >= 20, "{runs} runs of {kinds} kinds");
    assert!(counted.around[1] <= counted.around[0], "descriptors before and after: {:?}", counted.around);
}
