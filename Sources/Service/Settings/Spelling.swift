/// Finds the word that somebody meant.
enum Spelling {
    /// The known word that differs least from `word`, in at most a third of its letters; nil when all differ by more.
    static func nearest(to word: String, among known: [String]) -> String? {
        let nearest = known.map { (word: $0, distance: distance(Array(word.utf8), Array($0.utf8))) }
            .min { $0.distance < $1.distance }
        guard let nearest, nearest.distance <= min(word.utf8.count, 12) / 3 else { return nil }
        return nearest.word
    }

    /// Bytes inserted, removed, replaced or swapped with their neighbour between two words.
    private static func distance(_ first: [UInt8], _ second: [UInt8]) -> Int {
        var before: [Int] = []
        var last = Array(0...second.count)
        for row in first.indices {
            var next = [row + 1]
            for column in second.indices {
                let isSame = first[row] == second[column]
                var least = min(last[column + 1] + 1, next[column] + 1, last[column] + (isSame ? 0 : 1))
                if row > 0, column > 0, first[row] == second[column - 1], first[row - 1] == second[column] {
                    least = min(least, before[column - 1] + 1)
                }
                next.append(least)
            }
            (before, last) = (last, next)
        }
        return last[second.count]
    }
}
