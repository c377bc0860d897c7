/** draft-holmer-rmcat-transport-wide-cc-extensions-01 §2 */
export const TRANSPORT_CC = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01'
