// Verifies a Sigstore bundle by the npm package @sigstore/verify, with a key: node verify.js KEY.pub BUNDLE.json
// Prints the digest that was signed.
const crypto = require('crypto');
const fs = require('fs');
const { bundleFromJSON } = require('@sigstore/bundle');
const { Verifier, toSignedEntity, toTrustMaterial } = require('@sigstore/verify');

const [keyFile, bundleFile] = process.argv.slice(2);
const publicKey = crypto.createPublicKey(fs.readFileSync(keyFile));
const id = crypto.createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' })).digest('base64');
const byHint = (hint) => {
  if (hint !== id) throw new Error(`another key is named: ${hint}`);
  return { publicKey, validFor: () => true };
};
// A key alone: no authorities, no logs.
const root = {
  mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
  tlogs: [], ctlogs: [], certificateAuthorities: [], timestampAuthorities: [],
};
const bundle = bundleFromJSON(JSON.parse(fs.readFileSync(bundleFile, 'utf8')));
const verifier = new Verifier(toTrustMaterial(root, byHint), { tlogThreshold: 0, ctlogThreshold: 0, tsaThreshold: 0, timestampThreshold: 0 });
verifier.verify(toSignedEntity(bundle));
console.log(JSON.parse(bundle.content.dsseEnvelope.payload).subject[0].digest.sha256);
