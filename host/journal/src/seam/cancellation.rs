//! Asking a step in flight to break off.

use tokio::sync::watch;

/// Tells a step whether it was asked to break off. It is asked once, and never un-asked.
#[derive(Debug, Clone)]
pub struct Cancellation(watch::Receiver<bool>);

/// The other end of a [`Cancellation`].
#[derive(Debug)]
pub struct Canceller(watch::Sender<bool>);

impl Cancellation {
    /// Both ends.
    #[must_use]
    pub fn pair() -> (Canceller, Self) {
        let (sender, receiver) = watch::channel(false);
        (Canceller(sender), Self(receiver))
    }

    /// Whether it was asked.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is asked; for ever, if nobody is left who could.
    pub async fn cancelled(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|asked| *asked).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Canceller {
    /// Asks.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }

    /// One more end that is told.
    #[must_use]
    pub fn cancellation(&self) -> Cancellation {
        Cancellation(self.0.subscribe())
    }
}
