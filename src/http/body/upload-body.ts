/** What a body with an image holds beside it, not checked yet. */
export interface UploadFields {
  name: unknown
  tags: unknown
}

/** What has been read when a body has come to its end. */
export interface UploadBody {
  fields: UploadFields
  /** Why the image that came is none, as a sentence. */
  refusal: string | undefined
}
