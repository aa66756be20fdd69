/** Says where the server is, as a browser takes it: an IPv6 address stands in brackets. */
export function printAddress({ address, port }: { address: string; port: number }): void {
  console.log(
    `Vitrine is listening on http://${address.includes(':') ? `[${address}]` : address}:${port}`,
  )
}
