// Runs in the page. Records the duration of each frame and the largest number of nodes in the document.

const record = { frames: [], longTasks: [], nodes: 0 }
globalThis.frameRecord = record

new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) record.longTasks.push(duration)
}).observe({ entryTypes: ['longtask'] })

let last
const next = (now) => {
  if (last !== undefined) record.frames.push(now - last)
  last = now
  record.nodes = Math.max(record.nodes, document.getElementsByTagName('*').length)
  requestAnimationFrame(next)
}
requestAnimationFrame(next)

globalThis.areImagesShown = () => {
  const images = [...document.querySelectorAll('[role=grid] img')]
  return images.length > 0 && images.every(({ naturalWidth }) => naturalWidth > 0)
}
