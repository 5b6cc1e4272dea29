import { getCACertificates, setDefaultCACertificates } from 'node:tls'

const withoutOneOf = (certificates: ReadonlyArray<string>, certificate: string): ReadonlyArray<string> => {
  const at = certificates.findIndex((trusted) => trusted.trim() === certificate.trim())
  return certificates.filter((_, index) => index !== at)
}

/**
 * Lets every TLS client of this process trust a certificate (PEM), fetch included, until the function that comes back is
 * called. For sandboxes and tests. Connections that are open stay open.
 */
export const trustCertificate = (certificate: string): (() => void) => {
  setDefaultCACertificates([...getCACertificates('default'), certificate])
  return () => setDefaultCACertificates(withoutOneOf(getCACertificates('default'), certificate))
}
