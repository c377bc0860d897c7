/** Kinds of NAT, in the old words of RFC 3489 §5, which people still search for; `open` is a router without one. */
export const NAT_KINDS = ['open', 'full-cone', 'address-restricted', 'port-restricted', 'symmetric'] as const
export type NatKind = (typeof NAT_KINDS)[number]

/** Whom a mapping or a filter looks at (RFC 4787 §4.1, §5). */
export type Dependence = 'endpoint-independent' | 'address-dependent' | 'address-and-port-dependent'

/** What each kind is by RFC 4787, and what the classifier must find. */
export const BEHAVIOUR: Record<NatKind, { mapping: Dependence; filtering: Dependence }> = {
  open: { mapping: 'endpoint-independent', filtering: 'endpoint-independent' },
  'full-cone': { mapping: 'endpoint-independent', filtering: 'endpoint-independent' },
  'address-restricted': { mapping: 'endpoint-independent', filtering: 'address-dependent' },
  'port-restricted': { mapping: 'endpoint-independent', filtering: 'address-and-port-dependent' },
  symmetric: { mapping: 'address-and-port-dependent', filtering: 'address-and-port-dependent' },
}

export type BoxRules = {
  readonly nat: NatKind
  /** blocked: no UDP at all passes */
  readonly udp: 'open' | 'blocked'
  /** `443`: TCP goes out to that port only */
  readonly tcp: 'open' | '443'
}

/**
 * Rules of the box at home: eth0 to the internet, eth1 to the home. Over IPv6 there is no NAT, but the filter that home
 * routers have (RFC 6092 REC-49): nothing new comes in, save where the box is open.
 *
 * Mappings keep the port, so that a set of ports is enough to let strangers in; one host at home, or two of it would
 * fight for a port.
 */
export function boxRules({ nat, udp, tcp }: BoxRules): string {
  const isNat = nat !== 'open'
  return `
table inet home
delete table inet home
table inet home {
  map full { type inet_service : ipv4_addr; flags dynamic,timeout; timeout 5m; }
  map restricted { type ipv4_addr . inet_service : ipv4_addr; flags dynamic,timeout; timeout 5m; }
  chain h_pre {
    type nat hook prerouting priority dstnat; policy accept;
    ${nat === 'full-cone' ? 'iifname "eth0" meta nfproto ipv4 meta l4proto udp dnat ip to udp dport map @full' : ''}
    ${nat === 'address-restricted' ? 'iifname "eth0" meta nfproto ipv4 meta l4proto udp dnat ip to ip saddr . udp dport map @restricted' : ''}
  }
  chain h_post {
    type nat hook postrouting priority srcnat; policy accept;
    ${isNat ? `oifname "eth0" meta nfproto ipv4 masquerade ${nat === 'symmetric' ? 'fully-random' : ''}` : ''}
  }
  chain h_forward {
    type filter hook forward priority filter; policy accept;
    ${udp === 'blocked' ? 'meta l4proto udp drop' : ''}
    ${tcp === '443' ? 'iifname "eth1" tcp dport != 443 drop' : ''}
    ${nat === 'full-cone' ? 'iifname "eth1" meta nfproto ipv4 update @full { udp sport : ip saddr }' : ''}
    ${nat === 'address-restricted' ? 'iifname "eth1" meta nfproto ipv4 update @restricted { ip daddr . udp sport : ip saddr }' : ''}
    ct state established,related accept
    iifname "eth0" ct status dnat accept
    ${isNat ? 'iifname "eth0" drop' : ''}
  }
  chain h_input {
    type filter hook input priority filter; policy accept;
    # A stranger's early packet must not become a connection of the box itself: the mapping would lose its port.
    iifname "eth0" ct state new drop
  }
}
`
}

/**
 * The router between the homes drops what is from or to an address that is nobody's in public (RFC 1918, RFC 6598,
 * RFC 3927, RFC 4193): else two homes could meet by private addresses, and a test of NATs would prove nothing.
 */
export const ROUTER_RULES = `
table inet internet {
  chain i_forward {
    type filter hook forward priority filter; policy accept;
    ip saddr { 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 169.254.0.0/16 } drop
    ip daddr { 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 169.254.0.0/16 } drop
    ip6 saddr { fc00::/7, fe80::/10 } drop
    ip6 daddr { fc00::/7, fe80::/10 } drop
  }
}
`
