//! What an event says, without its proof.

use samverkan_proto::code::{DeviceReceiptType, HubReceiptType};

/// What happened, told apart from everything else that can happen to the same message once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    by_hub: bool,
    kind: u8,
    /// The reading device; zero where no single one is meant.
    device: [u8; 16],
}

impl Told {
    /// Reads the fixed fields of a receipt (PROTOCOL.md section 10), and gives the message that it is about.
    #[must_use]
    pub fn read(proof: &[u8]) -> Option<([u8; 16], Self)> {
        let (by_hub, device_at) = match proof.first_chunk()? {
            b"SVKS" => (true, 152),
            b"SVKR" => (false, 72),
            _ => return None,
        };
        let at = |from: usize| proof.get(from..from + 16)?.try_into().ok();
        Some((at(8)?, Self { by_hub, kind: *proof.get(6)?, device: at(device_at)? }))
    }

    /// Everything a sender hears of a message that all of `readers` have: handed over and delivered for each, and the purge.
    #[must_use]
    pub fn all(readers: impl Iterator<Item = [u8; 16]>) -> Vec<Self> {
        let handed_over = HubReceiptType::HandedOver.code();
        let delivered = DeviceReceiptType::Delivered.code();
        let mut all = vec![Self { by_hub: true, kind: HubReceiptType::Purged.code(), device: [0; 16] }];
        for device in readers {
            all.push(Self { by_hub: true, kind: handed_over, device });
            all.push(Self { by_hub: false, kind: delivered, device });
        }
        all
    }
}
