// Holds every package of the lock file to its hash and to the licences that are
// allowed, as their authors declare them: SPDX expressions, of which one name will do.
import { readFileSync } from 'node:fs';

const allowed = ['Apache-2.0', 'MIT', 'MIT-0', 'BSD-3-Clause', 'BSD-2-Clause', 'ISC'];
// Of what is published nowhere: argparse, of the tool that makes the types; tslib; axe-core
// and the lightningcss of vite.
const alsoForTools = ['Python-2.0', '0BSD', 'MPL-2.0'];

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const faults = Object.entries(packages).flatMap(([path, { license = '', integrity, dev }]) => {
  if (!path.includes('node_modules/') || packages[path].link) return []; // our own
  const names = license.replace(/^\((.*)\)$/, '$1').split(' OR ');
  const fine = names.some((name) => allowed.includes(name) || (dev && alsoForTools.includes(name)));
  return [
    ...(fine ? [] : [`${path} is under ${license || 'no licence'}`]),
    ...(integrity ? [] : [`${path} has no hash`]),
  ];
});
for (const fault of faults) console.error(`web: ${fault}`);
process.exit(faults.length ? 1 : 0);
