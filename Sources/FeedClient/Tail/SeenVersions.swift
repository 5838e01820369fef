import TableModel

/// The newest version of each of the keys that changed last, so that an older state that another replica sends again is not printed
/// after a newer one.
struct SeenVersions: Sendable {
    private struct Entry: Sendable {
        let version: SequenceNumber
        let stamp: Int
    }

    private struct Mark: Sendable {
        let key: [UInt8]
        let stamp: Int
    }

    private let limit: Int
    private var newest: [[UInt8]: Entry] = [:]
    /// Every entry in the order of its stamps, and entries that were replaced since.
    private var marks: [Mark] = []
    private var oldest = 0
    private var stamp = 0

    /// Keeps the versions of `limit` keys; the oldest is forgotten first.
    init(limit: Int) { self.limit = limit }

    /// How many keys are kept.
    var count: Int { newest.count }

    mutating func removeAll() {
        newest.removeAll()
        marks.removeAll()
        oldest = 0
    }

    /// False for a change of a key that has been printed in a newer state. A step that is marked as a repeat is printed, because the
    /// user asked for every step. A change without a version comes from a scan and is not compared.
    mutating func admit(_ change: [UInt8]) -> Bool {
        guard let origin = Origin(change) else { return true }
        if let last = newest[origin.key], origin.version < last.version { return origin.isRepeat }
        stamp += 1
        newest[origin.key] = Entry(version: origin.version, stamp: stamp)
        marks.append(Mark(key: origin.key, stamp: stamp))
        while newest.count > limit { forgetOldest() }
        if marks.count > 2 * limit + 16 { compact() }
        return true
    }

    private mutating func forgetOldest() {
        let mark = marks[oldest]
        oldest += 1
        if newest[mark.key]?.stamp == mark.stamp { newest[mark.key] = nil }
    }

    /// Drops the marks of entries that were replaced or forgotten.
    private mutating func compact() {
        marks = marks[oldest...].filter { newest[$0.key]?.stamp == $0.stamp }
        oldest = 0
    }

    /// The members of a change that say which state of which key it is.
    private struct Origin {
        let key: [UInt8]
        let version: SequenceNumber
        let isRepeat: Bool

        /// Nil when the change names no version, or cannot be read.
        init?(_ change: [UInt8]) {
            let found = try? JSONReader.read(change) { json throws(JSONError) in
                var key: [UInt8]?
                var version: String?
                var isRepeat = false
                try json.beginObject()
                while let name = try json.nextMember() {
                    switch name.text {
                    case "key": key = try json.readRaw()
                    case "version": version = try json.readString()
                    case "repeat": isRepeat = try json.readBool()
                    default: try json.skipValue()
                    }
                }
                return (key, version, isRepeat)
            }
            guard let (key, version, isRepeat) = found, let key, let version = version.flatMap(SequenceNumber.init)
            else { return nil }
            self.key = key
            self.version = version
            self.isRepeat = isRepeat
        }
    }
}
