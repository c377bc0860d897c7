/** What to call this device until its owner says otherwise. */
export function deviceName(agent: string = navigator.userAgent): string {
  if (/iPad|Tablet/.test(agent)) return 'Tablet'
  if (/iPhone|Android|Mobile/.test(agent)) return 'Phone'
  return 'Computer'
}
