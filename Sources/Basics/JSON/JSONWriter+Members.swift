/// Members of an object: a name and its value.
extension JSONWriter {
    /// Writes a member that is a string, or null for nil.
    package mutating func member(_ name: String, _ text: String?) {
        self.name(name)
        if let text { string(text) } else { null() }
    }

    /// Writes a member that is a whole number, or null for nil.
    package mutating func member(_ name: String, _ number: Int64?) {
        self.name(name)
        if let number { integer(number) } else { null() }
    }

    /// Writes a member that is a whole number.
    package mutating func member(_ name: String, _ number: Int) { member(name, Int64(number)) }

    /// Writes a member that is `true` or `false`.
    package mutating func member(_ name: String, _ flag: Bool) {
        self.name(name)
        bool(flag)
    }

    /// Writes a member whose value is JSON already.
    package mutating func member(_ name: String, raw text: String) {
        self.name(name)
        raw(text)
    }

    /// Writes a member that is an object, whose members `write` writes.
    package mutating func object(_ name: String, _ write: (inout JSONWriter) -> Void) {
        self.name(name)
        object(write)
    }

    /// Writes a member that is the object of `value`, or null for nil.
    package mutating func object<Value>(
        _ name: String,
        of value: Value?,
        _ write: (inout JSONWriter, Value) -> Void
    ) {
        self.name(name)
        if let value { object { write(&$0, value) } } else { null() }
    }

    /// Writes a member that is an array with a value for each element.
    package mutating func array<Elements: Sequence>(
        _ name: String,
        _ elements: Elements,
        _ write: (inout JSONWriter, Elements.Element) -> Void
    ) {
        self.name(name)
        array(elements, write)
    }
}
