import { type Signal, signal } from '@preact/signals'
import type { GuestCamera, GuestStore } from './guest-store.ts'

/** The cameras that others have let this browser watch, or may yet. */
export type GuestCameras = {
  readonly list: Signal<readonly GuestCamera[]>
  save(camera: GuestCamera): Promise<void>
  drop(camId: string): Promise<void>
}

export async function openGuestCameras(store: GuestStore): Promise<GuestCameras> {
  const list = signal<readonly GuestCamera[]>(await store.all())
  return {
    list,
    async save(camera) {
      await store.save(camera)
      list.value = await store.all()
    },
    async drop(camId) {
      await store.drop(camId)
      list.value = await store.all()
    },
  }
}
