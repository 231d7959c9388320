//! Manifests with signatures, and what it takes to believe them.

use super::{Manifest, rules};
use crate::codec::{Reader, Writer, ascending};
use crate::fault::{Fault, InvalidField};
use crate::limits::{MAX_MANIFEST, MAX_SIGNERS};
use crate::sign::{Label, Signature, Signer};
use bytes::Bytes;

/// One signature on a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ManifestSignature {
    /// 0 is the root; `i ≥ 1` the i-th admin of the previous manifest.
    pub signer: u8,
    /// Over the manifest's bytes, under [`Label::Manifest`].
    pub signature: Signature,
}

/// A manifest and its signatures as they travel. Structure is checked, signatures are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedManifest {
    manifest: Manifest,
    signatures: Vec<ManifestSignature>,
    bytes: Bytes,
}

impl SignedManifest {
    /// Reads the bytes `SignedManifest` of PROTOCOL.md section 5 and keeps them.
    ///
    /// # Errors
    /// The first fault of the structure or of the rules for one manifest.
    pub fn parse(bytes: Bytes) -> Result<Self, InvalidField> {
        let r = &mut Reader::new(&bytes);
        let len = r.u32("len")?;
        if len > MAX_MANIFEST {
            return Err(Fault::BadLength.in_field("len"));
        }
        let body = r.take(len as usize, "manifest")?;
        let manifest = Manifest::parse(bytes.slice_ref(body))?;
        let n = r.count8(1..=MAX_SIGNERS, "signatures")?;
        let signatures = (0..n)
            .map(|_| Ok(ManifestSignature { signer: r.u8("signer")?, signature: r.array("signature")? }))
            .collect::<Result<Vec<_>, InvalidField>>()?;
        ascending(&signatures, |signature| signature.signer, "signatures")?;
        r.finish("signed_manifest")?;
        Ok(Self { manifest, signatures, bytes })
    }

    /// Puts signatures, in any order, on a manifest.
    ///
    /// # Errors
    /// `count_out_of_range` for none or more than 16, `not_ascending` for a signer that occurs twice.
    pub fn assemble(
        manifest: &Manifest,
        mut signatures: Vec<ManifestSignature>,
    ) -> Result<Self, InvalidField> {
        signatures.sort_by_key(|signature| signature.signer);
        if signatures.len() > MAX_SIGNERS.into() {
            return Err(Fault::CountOutOfRange.in_field("signatures"));
        }
        let mut w = Writer::default();
        let len = manifest.bytes().len();
        w.u32(u32::try_from(len).expect("the lists of a parsed manifest keep it below 128 KiB"));
        w.put(manifest.bytes());
        w.count8(signatures.len());
        for signature in &signatures {
            w.u8(signature.signer);
            w.put(&signature.signature);
        }
        Self::parse(w.finish().into())
    }

    /// Signs with the organisation's root.
    ///
    /// # Errors
    /// `wrong_signers` when `root` is not the manifest's root key.
    pub fn sign_as_root(manifest: &Manifest, root: &Signer) -> Result<Self, InvalidField> {
        if *root.public_key() != manifest.fields().root_pk {
            return Err(Fault::WrongSigners.in_field("signers"));
        }
        let signature = root.sign_digest(Label::Manifest, manifest.hash());
        Self::assemble(manifest, vec![ManifestSignature { signer: 0, signature }])
    }

    /// Signs with admin devices of `previous`, all of whose keys are at hand.
    ///
    /// # Errors
    /// `wrong_signers` for a key that is no admin of `previous`; otherwise as [`SignedManifest::assemble`].
    pub fn sign_as_admins(
        manifest: &Manifest,
        previous: &Manifest,
        admins: &[&Signer],
    ) -> Result<Self, InvalidField> {
        let sign = |admin: &&Signer| ManifestSignature::by_admin(manifest, previous, admin);
        Self::assemble(manifest, admins.iter().map(sign).collect::<Result<_, _>>()?)
    }

    /// Verifies the first manifest of an organisation: serial 1, signed by exactly the root it names.
    ///
    /// # Errors
    /// `wrong_chain`, `wrong_signers` or `bad_signature`.
    pub fn verify_first(self) -> Result<VerifiedManifest, InvalidField> {
        if self.manifest.serial() != 1 {
            return Err(Fault::WrongChain.in_field("serial"));
        }
        self.verify_signatures(None)
    }

    /// Verifies a manifest that follows `previous`, which the caller has verified.
    ///
    /// # Errors
    /// `wrong_chain`, `immutable_changed`, `revocation_changed`, `count_out_of_range`, `wrong_signers` or `bad_signature`.
    pub fn verify_after(self, previous: &Manifest) -> Result<VerifiedManifest, InvalidField> {
        let by_root = matches!(self.signatures[..], [ManifestSignature { signer: 0, .. }]);
        rules::check_succession(&self.manifest, previous, by_root)?;
        self.verify_signatures(Some(previous))
    }

    fn verify_signatures(self, previous: Option<&Manifest>) -> Result<VerifiedManifest, InvalidField> {
        let keys = rules::required_keys(&self.manifest, previous, &self.signatures)?;
        for (key, signature) in keys.into_iter().zip(&self.signatures) {
            key.verify_digest(Label::Manifest, self.manifest.hash(), &signature.signature)?;
        }
        Ok(VerifiedManifest { signed: self })
    }

    /// The manifest, not yet to be believed.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The signatures, ascending by signer.
    #[must_use]
    pub fn signatures(&self) -> &[ManifestSignature] {
        &self.signatures
    }

    /// Whether it is a recovery: one after the first that bears the root's signature. If it is verified, no device before it is left.
    #[must_use]
    pub fn is_recovery(&self) -> bool {
        self.manifest.serial() > 1 && self.signatures.iter().any(|signature| signature.signer == 0)
    }

    /// The bytes as they travel and as the log records them.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

impl ManifestSignature {
    /// Signs `manifest` with one admin device of `previous`, for [`SignedManifest::assemble`] to collect.
    ///
    /// # Errors
    /// `wrong_signers` when `admin` is no admin of `previous`, or beyond its 255th.
    pub fn by_admin(manifest: &Manifest, previous: &Manifest, admin: &Signer) -> Result<Self, InvalidField> {
        let signer = (1..=u8::MAX)
            .zip(previous.admins())
            .find_map(|(number, device)| (device.sign_pk() == admin.public_key()).then_some(number))
            .ok_or(Fault::WrongSigners.in_field("signers"))?;
        Ok(Self { signer, signature: admin.sign_digest(Label::Manifest, manifest.hash()) })
    }
}

/// A manifest that its organisation has signed. Made by [`SignedManifest::verify_first`] and [`SignedManifest::verify_after`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedManifest {
    signed: SignedManifest,
}

impl VerifiedManifest {
    /// The manifest.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.signed.manifest
    }

    /// The manifest, without its signatures.
    #[must_use]
    pub fn into_manifest(self) -> Manifest {
        self.signed.manifest
    }

    /// The manifest with its signatures, as it travels and as the log records it.
    #[must_use]
    pub const fn signed(&self) -> &SignedManifest {
        &self.signed
    }
}
