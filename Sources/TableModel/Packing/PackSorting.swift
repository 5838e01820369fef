/// How the pieces of a container are ordered in the packed form.
enum PackOrder {
    /// By the bytes of names, strings or binaries.
    case bytes
    /// By numeric value, then by bytes; what is no number comes last.
    case numbers
}

extension PackBuffer {
    /// Sorts the pieces, which are the bytes from `start` to the end. Returns false when two have equal sort texts.
    mutating func sort(
        _ pieces: UnsafeMutableBufferPointer<PackPiece>,
        from start: Int,
        by order: PackOrder
    ) -> Bool {
        if pieces.count < 2 { return true }
        var sorted = true
        var unique = true
        for index in 1..<pieces.count {
            let comparison = compare(pieces[index - 1], pieces[index], order)
            if comparison > 0 { sorted = false }
            if comparison == 0 { unique = false }
        }
        if sorted { return unique }
        if pieces.count <= 24 {
            insertionSort(pieces, order)
        } else {
            let address = UnsafeRawPointer(base)
            var sortable = pieces
            sortable.sort { PackBuffer.compare($0, $1, order, in: address) < 0 }
        }
        permute(from: start, pieces)
        for index in 1..<pieces.count where compare(pieces[index - 1], pieces[index], order) == 0 { return false }
        return true
    }

    private func insertionSort(_ pieces: UnsafeMutableBufferPointer<PackPiece>, _ order: PackOrder) {
        for index in 1..<pieces.count {
            let piece = pieces[index]
            var hole = index
            while hole > 0, compare(pieces[hole - 1], piece, order) > 0 {
                pieces[hole] = pieces[hole - 1]
                hole -= 1
            }
            pieces[hole] = piece
        }
    }

    @inline(__always)
    private func compare(_ left: PackPiece, _ right: PackPiece, _ order: PackOrder) -> Int {
        PackBuffer.compare(left, right, order, in: UnsafeRawPointer(base))
    }

    @inline(__always)
    private static func compare(
        _ left: PackPiece,
        _ right: PackPiece,
        _ order: PackOrder,
        in address: UnsafeRawPointer
    ) -> Int {
        if order == .numbers { return compareNumbers(left, right, in: address) }
        if left.prefix != right.prefix { return left.prefix < right.prefix ? -1 : 1 }
        return ByteOrder.compare(address + left.name, left.nameCount, address + right.name, right.nameCount)
    }

    @inline(never)
    private static func compareNumbers(
        _ left: PackPiece,
        _ right: PackPiece,
        in address: UnsafeRawPointer
    ) -> Int {
        let a = DecimalNumber(digits: UnsafeRawBufferPointer(start: address + left.name, count: left.nameCount))
        let b = DecimalNumber(digits: UnsafeRawBufferPointer(start: address + right.name, count: right.nameCount))
        switch (a, b) {
        case (let a?, let b?) where a != b: return a < b ? -1 : 1
        case (.some, nil): return -1
        case (nil, .some): return 1
        default: return ByteOrder.compare(address + left.name, left.nameCount, address + right.name, right.nameCount)
        }
    }
}
