/// The contents of a stream's records beside the keys (AWS API type StreamViewType).
public enum SandboxViewType: String, Sendable, Hashable, CaseIterable {
    case newImage = "NEW_IMAGE"
    case oldImage = "OLD_IMAGE"
    case newAndOldImages = "NEW_AND_OLD_IMAGES"
    case keysOnly = "KEYS_ONLY"

    var showsNewImage: Bool { self == .newImage || self == .newAndOldImages }
    var showsOldImage: Bool { self == .oldImage || self == .newAndOldImages }
}
