import TableModel

extension TreeNode {
    /// The place of a key: the first entry that is not below it, and whether that entry equals it.
    struct Place {
        var index: Int
        var isExact: Bool
    }

    @inline(__always)
    func place(of key: TreeKey) -> Place {
        order == .seq ? placeBySeq(key.seq) : placeByKey(key.bytes)
    }

    /// The child whose range holds `key`.
    @inline(__always)
    func childIndex(for key: TreeKey) -> Int {
        let place = place(of: key)
        return place.isExact ? place.index : place.index - 1
    }

    @inline(__always)
    private func placeBySeq(_ seq: UInt64) -> Place {
        let prefixes = prefixes
        var low = first
        var high = count
        while low < high {
            let middle = (low &+ high) &>> 1
            if prefixes[middle] < seq { low = middle &+ 1 } else { high = middle }
        }
        return Place(index: low, isExact: low < count && prefixes[low] == seq)
    }

    @inline(__always)
    private func placeByKey(_ key: UnsafeRawBufferPointer) -> Place {
        var low = first
        let end = count
        // Proven: keys and separators are never empty: a key ends its partition value with two bytes, and a separator
        // reaches one byte beyond what two keys share.
        guard low < end, let bytes = key.baseAddress else { return Place(index: low, isExact: false) }
        let skip = skip
        let comparison = compareShared(key, bytes)
        if comparison != 0 { return Place(index: comparison < 0 ? low : end, isExact: false) }
        let prefix = ByteOrder.prefix(bytes + skip, key.count - skip)
        let prefixes = prefixes
        var high = end
        while low < high {
            let middle = (low &+ high) &>> 1
            let candidate = prefixes[middle]
            if candidate < prefix {
                low = middle &+ 1
            } else if candidate > prefix {
                high = middle
            } else {
                let comparison = ByteOrder.compare(keyBytes(middle), key)
                if comparison == 0 { return Place(index: middle, isExact: true) }
                if comparison < 0 { low = middle &+ 1 } else { high = middle }
            }
        }
        return Place(index: low, isExact: false)
    }

    /// The record of a leaf whose key equals `key`. It does not look at what the leaf's keys share: an equal key shares it too,
    /// and the comparison of whole keys at the end settles it. That saves a visit to one more record.
    @inline(__always)
    func record(equalTo key: TreeKey) -> Unmanaged<RecordStorage>? {
        if order == .seq {
            let place = placeBySeq(key.seq)
            return place.isExact ? records[place.index] : nil
        }
        guard let bytes = key.bytes.baseAddress, key.bytes.count >= skip else { return nil }
        let prefix = ByteOrder.prefix(bytes + skip, key.bytes.count - skip)
        let prefixes = prefixes
        var low = 0
        var high = count
        while low < high {
            let middle = (low &+ high) &>> 1
            let candidate = prefixes[middle]
            if candidate < prefix {
                low = middle &+ 1
            } else if candidate > prefix {
                high = middle
            } else {
                let comparison = ByteOrder.compare(keyBytes(middle), key.bytes)
                if comparison == 0 { return records[middle] }
                if comparison < 0 { low = middle &+ 1 } else { high = middle }
            }
        }
        return nil
    }

    /// How the first `skip` bytes of `key` compare with those that all keys here share; negative for a key that is too short.
    @inline(__always)
    private func compareShared(_ key: UnsafeRawBufferPointer, _ bytes: UnsafeRawPointer) -> Int {
        let skip = skip
        if skip == 0 { return 0 }
        if skip > 16 || key.count < skip {
            return ByteOrder.compare(
                UnsafeRawBufferPointer(rebasing: key[..<min(skip, key.count)]),
                UnsafeRawBufferPointer(rebasing: keyBytes(first)[..<skip])
            )
        }
        let (high, low) = header.pointee.shared
        let keyHigh = ByteOrder.prefix(bytes, min(skip, 8))
        if keyHigh != high { return keyHigh < high ? -1 : 1 }
        if skip <= 8 { return 0 }
        let keyLow = ByteOrder.prefix(bytes + 8, skip - 8)
        return keyLow == low ? 0 : keyLow < low ? -1 : 1
    }

    // MARK: Cached prefixes

    /// Makes room in `skip` for a key that is about to be entered.
    func admit(_ key: UnsafeRawBufferPointer) {
        guard order == .key, skip > 0 else { return }
        guard first < count else {
            header.pointee.skip = 0
            return
        }
        if let bytes = key.baseAddress, compareShared(key, bytes) == 0 { return }
        let shared = TreeNode.sharedCount(key, keyBytes(first))
        if shared < skip { cachePrefixes(skip: shared) }
    }

    /// The prefix that `key` has in this node.
    @inline(__always)
    func prefix(of key: UnsafeRawBufferPointer) -> UInt64 {
        guard let bytes = key.baseAddress, key.count > skip else { return 0 }
        return ByteOrder.prefix(bytes + skip, key.count - skip)
    }

    /// Sets `skip` to what all keys share, and the prefixes to what follows.
    func cachePrefixes() {
        guard order == .key else { return }
        guard first < count else { return cachePrefixes(skip: 0) }
        cachePrefixes(skip: TreeNode.sharedCount(keyBytes(first), keyBytes(count - 1)))
    }

    /// The same, but only where fewer than half of the cached bytes tell the keys apart: visiting every key is dear.
    func sharpenPrefixes() {
        guard order == .key, first < count else { return }
        if (prefixes[first] ^ prefixes[count - 1]).leadingZeroBitCount >= 32 { cachePrefixes() }
    }

    private func cachePrefixes(skip: Int) {
        header.pointee.skip = Int32(skip)
        if skip > 0, let shared = keyBytes(first).baseAddress {
            header.pointee.shared = (
                ByteOrder.prefix(shared, min(skip, 8)),
                ByteOrder.prefix(shared + min(skip, 8), min(max(skip - 8, 0), 8))
            )
        }
        for index in first..<max(first, count) { prefixes[index] = prefix(of: keyBytes(index)) }
    }

    /// How many first bytes two keys share.
    static func sharedCount(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
        let limit = min(left.count, right.count)
        var index = 0
        while index < limit, left[index] == right[index] { index += 1 }
        return index
    }
}
