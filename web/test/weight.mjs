// Holds the web page, as it is built, to its weight and to its policy: files of its own,
// named by their hash, and nothing in the document that a strict policy would refuse.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const limit = 200_000; // bytes, gzipped, of all files together
const dist = 'app/dist';
const fixed = [`${dist}/index.html`, `${dist}/licences.txt`];
const hashed = /\/assets\/.+-[\w-]{8}\.\w+$/;
const names = readdirSync(dist, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
const weight = names.reduce((sum, name) => sum + gzipSync(readFileSync(name), { level: 9 }).length, 0);
console.log(`page: ${weight} bytes gzipped in ${names.length} files`);

const html = readFileSync(join(dist, 'index.html'), 'utf8');
const faults = [
  ...(weight > limit ? [`the page weighs ${weight} bytes; ${limit} are allowed`] : []),
  ...(/<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)/.test(html) ? ['index.html has a script or a style in it'] : []),
  ...names.filter((name) => !fixed.includes(name) && !hashed.test(name)).map((name) => `${name} has no hash in its name`),
];
for (const fault of faults) console.error(`web: ${fault}`);
process.exit(faults.length ? 1 : 0);
