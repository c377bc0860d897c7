/** FFmpeg's H.264 encoders that a machine may have in hardware, the most proven first. */
export const HARDWARE = ['h264_nvenc', 'h264_qsv', 'h264_vaapi', 'h264_v4l2m2m'] as const
export type Hardware = (typeof HARDWARE)[number]

export const isHardware = (value: unknown): value is Hardware => HARDWARE.includes(value as Hardware)
