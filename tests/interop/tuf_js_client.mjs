// Targets with tuf-js, as its users would, all with one updater:
//   node tuf_js_client.mjs METADATA_DIR TARGET_DIR MIRROR TARGET...
// Prints {"paths": [file or null, ...]}. Exit 3 when the client refuses what it was served.
import { Updater } from 'tuf-js';

const [metadataDir, targetDir, mirror, ...targets] = process.argv.slice(2);
try {
  const updater = new Updater({
    metadataDir,
    metadataBaseUrl: `${mirror}metadata`,
    targetDir,
    targetBaseUrl: `${mirror}targets`,
    config: { fetchRetry: 0, fetchTimeout: 30000 },
  });
  await updater.refresh();
  const paths = [];
  for (const target of targets) {
    const info = await updater.getTargetInfo(target);
    paths.push(info ? await updater.downloadTarget(info) : null);
  }
  console.log(JSON.stringify({ paths }));
} catch (error) {
  console.error(`${error.constructor.name}: ${error.message}`);
  process.exit(3);
}
