// node unpack.mjs FOLDER: the packed Chromium, the libraries that a bare machine lacks, and FOLDER/chromium to start it.
import { createReadStream, createWriteStream, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";

const require = createRequire(import.meta.url);
const tar = require("tar-fs");
const packed = join(dirname(require.resolve("@sparticuz/chromium")), "..", "bin");
const folder = resolve(process.argv[2]);

const read = (name) => createReadStream(join(packed, name));
mkdirSync(join(folder, "program"), { recursive: true });
await pipeline(
  read("chromium.br"),
  createBrotliDecompress(),
  createWriteStream(join(folder, "program", "chromium"), { mode: 0o755 }),
);
for (const name of ["swiftshader.tar.br", "al2023.tar.br", "fonts.tar.br"]) {
  await pipeline(read(name), createBrotliDecompress(), tar.extract(join(folder, "program")));
}
writeFileSync(
  join(folder, "chromium"),
  `#!/bin/sh
here=$(dirname "$0")/program
# After the machine's own libraries' folders would be too late: the loader takes the first that it finds, and these are few.
export LD_LIBRARY_PATH="$here/lib\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
exec "$here/chromium" "$@"
`,
  { mode: 0o755 },
);
