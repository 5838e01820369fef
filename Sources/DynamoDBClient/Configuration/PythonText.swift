/// Text as Python's `str` treats it, whose `configparser` and `shlex` define how AWS's files are read.
extension Unicode.Scalar {
    /// Whether `str.isspace` is true: Unicode's white space, and the four separators of ASCII.
    var isPythonSpace: Bool { properties.isWhitespace || (0x1C...0x1F).contains(value) }

    /// Whether `str.splitlines` ends a line here.
    var endsPythonLine: Bool {
        (0x0A...0x0D).contains(value) || (0x1C...0x1E).contains(value) || [0x85, 0x2028, 0x2029].contains(value)
    }
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
