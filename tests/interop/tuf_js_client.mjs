// One target with tuf-js, as its users would:
//   node tuf_js_client.mjs METADATA_DIR TARGET_DIR MIRROR TARGET
// Prints {"path": file or null}. Exit 3 when the client refuses what it was served.
import { Updater } from 'tuf-js';

const [metadataDir, targetDir, mirror, target] = process.argv.slice(2);
try {
  const updater = new Updater({
    metadataDir,
    metadataBaseUrl: `${mirror}metadata`,
    targetDir,
    targetBaseUrl: `${mirror}targets`,
    config: { fetchRetry: 0, fetchTimeout: 30000 },
  });
  await updater.refresh();
  const info = await updater.getTargetInfo(target);
  const path = info ? await updater.downloadTarget(info) : null;
  console.log(JSON.stringify({ path }));
} catch (error) {
  console.error(`${error.constructor.name}: ${error.message}`);
  process.exit(3);
}
