// Helia reads what we serve or wrote, and prints what it found as JSON.
// usage: helia.mjs gateway URL CID   what lies at CID, fetched block by block from a gateway
//        helia.mjs car FILE          the same of the root of a CAR
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { car } from '@helia/car'
import { withHTTP } from '@helia/http'
import { unixfs } from '@helia/unixfs'
import { CarReader } from '@ipld/car'
import { createHeliaLight } from 'helia'
import { CID } from 'multiformats/cid'

async function sha256 (pieces) {
  const hash = createHash('sha256')
  for await (const piece of pieces) hash.update(piece)
  return hash.digest('hex')
}

async function describe (fs, cid) {
  const stat = await fs.stat(cid)
  if (stat.type !== 'directory') return { file: await sha256(fs.cat(cid)) }
  const names = []
  for await (const entry of fs.ls(cid)) names.push(entry.name)
  const hash = createHash('sha256').update(names.sort().join('\n')).digest('hex')
  const some = {}
  for (const name of names.slice(0, 5)) some[name] = await sha256(fs.cat(cid, { path: name }))
  return { count: names.length, names: hash, some }
}

const [how, where, what] = process.argv.slice(2)
let helia, root
if (how === 'gateway') {
  helia = withHTTP(createHeliaLight(), {
    delegatedRouters: [], recursiveGateways: [where], allowInsecure: true, allowLocal: true
  })
  // without a router that is no fallback, helia 7.1 waits for one for ever
  helia.addRouter({ name: 'nobody', async * findProviders () {} })
  await helia.start()
  root = CID.parse(what)
} else {
  helia = await createHeliaLight().start()
  const reader = await CarReader.fromIterable(createReadStream(where))
  await car(helia).import(reader)
  root = (await reader.getRoots())[0]
}
console.log(JSON.stringify(await describe(unixfs(helia), root)))
await helia.stop()
process.exit(0)
