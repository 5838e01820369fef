extension Substring {
    /// Without the spaces and tabs at both ends.
    package func trimmed() -> Substring {
        var text = drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
