// Prints the CID that ipfs-unixfs-importer gives each entry of a folder: {name: cid}.
// usage: importer.mjs PROFILE FOLDER
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { BlackHoleBlockstore } from 'blockstore-core/black-hole'
import { importer } from 'ipfs-unixfs-importer'

const [profile, folder] = process.argv.slice(2)

async function * candidates (path, name) {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const below = { disk: join(path, entry.name), path: `${name}/${entry.name}` }
    if (entry.isDirectory()) {
      yield { path: below.path } // kept even if nothing lies in it
      yield * candidates(below.disk, below.path)
    } else {
      yield { path: below.path, content: createReadStream(below.disk, { highWaterMark: 1 << 20 }) }
    }
  }
}

const cids = {}
for (const entry of await readdir(folder, { withFileTypes: true })) {
  const path = join(folder, entry.name)
  const source = entry.isDirectory()
    ? (async function * () { yield { path: 'root' }; yield * candidates(path, 'root') })()
    : [{ path: 'root', content: createReadStream(path, { highWaterMark: 1 << 20 }) }]
  for await (const made of importer(source, new BlackHoleBlockstore(), { profile })) {
    cids[entry.name] = made.cid.toString() // the last one is the root
  }
}
console.log(JSON.stringify(cids))
