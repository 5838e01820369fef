/// The conditions of a request for something that is there (RFC 9110 section 13).
package enum ConditionalRequest {
    /// The effect of the conditions on the response.
    package enum Outcome: Sendable, Hashable {
        /// None failed: the response is as without them.
        case proceed
        /// The client has it.
        case notModified
        /// The client wanted another state: which field said so.
        case failed(field: String)
    }

    /// Evaluates If-Match or If-Unmodified-Since, then If-None-Match or If-Modified-Since, in this order (section
    /// 13.2.2). Times are in seconds since 1970 UTC; `lastModified` is nil where it is not known, and fields with an
    /// unreadable time count as absent.
    package static func evaluate(
        _ request: some FieldValues,
        entityTag: String,
        lastModified: Int64?,
        now: Int64
    ) -> Outcome {
        guard request.fields.isConditional else { return .proceed }
        if request.fields.contains(.ifMatch) {
            if !anyValue(.ifMatch, of: request, { matchesStrongly($0, entityTag) }) {
                return .failed(field: "If-Match")
            }
        } else if let field = request.header(.ifUnmodifiedSince), let lastModified,
            let time = DateField.seconds(field, now: now), lastModified > time
        {
            return .failed(field: "If-Unmodified-Since")
        }
        if request.fields.contains(.ifNoneMatch) {
            return anyValue(.ifNoneMatch, of: request, { matchesWeakly($0, entityTag) }) ? .notModified : .proceed
        }
        if let field = request.header(.ifModifiedSince), let lastModified,
            let time = DateField.seconds(field, now: now), lastModified <= time
        {
            return .notModified
        }
        return .proceed
    }

    /// Whether a field value names `entityTag`, by weak comparison, or is `*`. What cannot be read names nothing.
    package static func matches(_ fieldValue: String, _ entityTag: String) -> Bool {
        var fieldValue = fieldValue
        return fieldValue.withUTF8 { matchesWeakly($0, entityTag) }
    }

    /// The tags in a field value, without quotes and `W/`, and whether each is weak. `*` names none; a value that cannot be read ends there.
    package static func tags(in fieldValue: String) -> [(opaque: String, isWeak: Bool)] {
        var fieldValue = fieldValue
        return fieldValue.withUTF8 { bytes in
            var elements = EntityTagList(bytes)
            var tags: [(opaque: String, isWeak: Bool)] = []
            while let element = elements.next() {
                guard case .tag(let quoted, let isWeak) = element else { continue }
                tags.append((String(decoding: quoted.dropFirst().dropLast(), as: UTF8.self), isWeak))
            }
            return tags
        }
    }

    /// Whether one of the fields of a name satisfies `condition`. A list may be cut into several fields anywhere
    /// between its elements (RFC 9110 section 5.3).
    private static func anyValue(
        _ field: RequestFields.Field,
        of request: some FieldValues,
        _ condition: (UnsafeBufferPointer<UInt8>) -> Bool
    ) -> Bool {
        var isMet = false
        request.forEachValue(of: field) { value in
            if !isMet { isMet = condition(value) }
        }
        return isMet
    }

    /// If-None-Match compares weakly: whether `W/` stands before a tag does not matter (section 8.8.3.2), nor does the
    /// coding that a proxy wrote into it.
    private static func matchesWeakly(_ fieldValue: UnsafeBufferPointer<UInt8>, _ entityTag: String) -> Bool {
        var elements = EntityTagList(fieldValue)
        while let element = elements.next() {
            switch element {
            case .any: return true
            case .tag(let quoted, _): if CodedEntityTag.matches(quoted, opaque(entityTag).utf8) { return true }
            }
        }
        return false
    }

    /// If-Match compares strongly: a weak tag on either side matches nothing (section 8.8.3.2).
    private static func matchesStrongly(_ fieldValue: UnsafeBufferPointer<UInt8>, _ entityTag: String) -> Bool {
        var elements = EntityTagList(fieldValue)
        while let element = elements.next() {
            switch element {
            case .any: return true
            case .tag(let quoted, let isWeak): if !isWeak, quoted.elementsEqual(entityTag.utf8) { return true }
            }
        }
        return false
    }

    /// A tag without its `W/`.
    private static func opaque(_ tag: String) -> Substring {
        tag.utf8.starts(with: "W/".utf8) ? tag.dropFirst(2) : tag[...]
    }
}
