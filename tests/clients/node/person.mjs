// Somebody who logs in by plain HTTP, the way automated tests of services do: cookies, redirects and the
// documented fields of the pages' forms, and no browser.

export class Person {
  #cookies = new Map()
  #provider

  // `provider` is the origin of the pages that the person fills in.
  constructor(provider) {
    this.#provider = provider
  }

  // Goes to an address, or sends a form there, and follows redirects to the page at their end. Another
  // origin's pages are asked for without our cookies.
  async visit(address, form) {
    let url = new URL(address, this.#provider)
    let init = form ? { method: 'POST', body: new URLSearchParams(form) } : {}
    for (let hops = 0; hops < 10; hops += 1) {
      const ours = url.origin === this.#provider
      const cookie = [...this.#cookies].map((pair) => pair.join('=')).join('; ')
      const headers = ours && cookie ? { cookie } : {}
      const response = await fetch(url, { ...init, headers, redirect: 'manual' })
      if (ours) this.#keep(response.headers.getSetCookie())
      const location = response.headers.get('location')
      if (!location) return { url, status: response.status, html: await response.text() }
      await response.arrayBuffer()
      url = new URL(location, url)
      init = {}
    }
    throw new Error(`too many redirects, the last to ${url}`)
  }

  // Chooses TestID, fills its form in, and returns what is shown then.
  async logIn(selector, { pid, level }) {
    const link = selector.html.match(/href="(\/login\/testid\?[^"]*)"/)
    if (!link) throw new Error(`TestID is not offered at ${selector.url}: ${selector.html}`)
    const page = await this.visit(unescape(link[1]))
    return this.submit(page, '/login/testid', { pid, level, action: 'login' })
  }

  // Answers the consent dialogue: `accept` or `decline`.
  answerConsent(page, action) {
    return this.submit(page, '/consent', { action })
  }

  // Sends a page's form with these fields filled in.
  submit(page, target, fields) {
    return this.visit(target, { txn: field(page, 'txn'), csrf: field(page, 'csrf'), ...fields })
  }

  #keep(cookies) {
    for (const cookie of cookies) {
      const [name, value] = cookie.split(';', 1)[0].split(/=(.*)/)
      this.#cookies.set(name, value)
    }
  }
}

// The addresses of a page's frames.
export const frames = ({ html }) =>
  [...html.matchAll(/<iframe [^>]*src="([^"]*)"/g)].map(([, address]) => unescape(address))

// Where the page at the end of a logout leads.
export const onward = ({ html }) => unescape(html.match(/id="continue" href="([^"]*)"/)[1])

const field = ({ url, html }, name) => {
  const found = html.match(new RegExp(`name="${name}" value="([^"]*)"`))
  if (!found) throw new Error(`there is no field ${name} at ${url}: ${html}`)
  return unescape(found[1])
}

const unescape = (text) =>
  text.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(code)).replaceAll('&amp;', '&')
