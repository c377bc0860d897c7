import { useMemo } from 'preact/hooks'
import QRCode from 'qrcode'

/** A text as a QR code, dark on light in both colour schemes: many readers know no other. */
export function Qr({ text, label }: { text: string; label: string }) {
  const { path, size } = useMemo(() => outline(text), [text])
  return (
    <svg role="img" aria-label={label} viewBox={`-4 -4 ${size + 8} ${size + 8}`} shape-rendering="crispEdges">
      <rect x="-4" y="-4" width={size + 8} height={size + 8} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  )
}

function outline(text: string): { path: string; size: number } {
  const { modules } = QRCode.create(text, { errorCorrectionLevel: 'L' })
  const squares: string[] = []
  for (let y = 0; y < modules.size; y++)
    for (let x = 0; x < modules.size; x++) if (modules.get(y, x)) squares.push(`M${x} ${y}h1v1h-1z`)
  return { path: squares.join(''), size: modules.size }
}
