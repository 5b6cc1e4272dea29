/**
 * Hosts that are on no network: those of documentation, RFC 2606, 5737 and 3849. Guards that are tested hold them back, and the
 * one that closes the network of all tests leaves them alone.
 */
export const elsewhere = ['graph.example', '127.0.0.1.example', 'localhost.example', '192.0.2.1', '2001:db8::1']
