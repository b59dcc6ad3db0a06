// js-ipfs 0.66 uses what Node has from version 22 on; Node 20 gets it from here.
Promise.withResolvers ??= function () {
  let resolve, reject
  const promise = new this((yes, no) => { resolve = yes; reject = no })
  return { promise, resolve, reject }
}
