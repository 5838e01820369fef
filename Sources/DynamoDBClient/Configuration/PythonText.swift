/// Text as Python's `str` treats it, whose `configparser` and `shlex` define how AWS's files are read.
extension Unicode.Scalar {
    /// Whether `str.isspace` is true: Unicode's white space, and the four separators of ASCII.
    var isPythonSpace: Bool { properties.isWhitespace || (0x1C...0x1F).contains(value) }
}

extension Substring.UnicodeScalarView {
    /// Without the white space at both ends.
    var stripped: Substring.UnicodeScalarView { drop(while: \.isPythonSpace).strippedAtEnd }

    /// Without the white space at the end.
    var strippedAtEnd: Substring.UnicodeScalarView {
        var rest = self
        while let last = rest.last, last.isPythonSpace { rest.removeLast() }
        return rest
    }
}
