/// A predicate over an item: the grammar of the parameter `where`, parsed once and evaluated on packed bytes.
///
///     expression = conjunction { "OR" conjunction } ;
///     conjunction = negation { "AND" negation } ;
///     negation   = "NOT" negation | "(" expression ")" | predicate ;
///     predicate  = operand comparison operand
///                | operand "BETWEEN" operand "AND" operand
///                | operand "IN" "(" operand { "," operand } ")"
///                | "exists" "(" path ")" | "attribute_exists" "(" path ")" | "attribute_not_exists" "(" path ")"
///                | "attribute_type" "(" path "," string ")"
///                | "begins_with" "(" operand "," operand ")" | "contains" "(" operand "," operand ")" ;
///     comparison = "=" | "!=" | "<>" | "<" | "<=" | ">" | ">=" ;
///     operand    = path | "size" "(" path ")" | literal ;
///     path       = name { "." member | "[" digits "]" } ;
///     name       = word | "`" text "`" ;                      a word that is no keyword; a keyword stands in backticks
///     member     = word | "`" text "`" ;
///     literal    = string | number | binary | "true" | "false" | "null"
///                | "[" [ value { "," value } ] "]" | "{" [ pair { "," pair } ] "}" | set ;
///     value      = literal ;
///     pair       = ( word | "`" text "`" | string ) ":" value ;
///     set        = "SS" "(" string { "," string } ")" | "NS" "(" number { "," number } ")"
///                | "BS" "(" binary { "," binary } ")" ;
///     string     = "'" text "'" | '"' text '"' ;              the quote doubled is the quote itself
///     number     = [ "-" ] digits [ "." digits ] [ ( "e" | "E" ) [ "+" | "-" ] digits ] ;
///     binary     = "b" string ;                               base64, or base64url
///     word       = ( letter | "_" | non-ASCII ) { letter | digit | "_" | "-" | non-ASCII } ;
///
/// Keywords and functions are read in any case. Values compare as in DynamoDB's FilterExpression: numbers by value to 38 digits, strings
/// by their UTF-8 bytes, binaries as unsigned bytes, sets without an order; values of different types are never equal and have no
/// order; a missing attribute differs from everything (`!=` holds) and fails every other test.
package struct WhereExpression: Sendable, Hashable {
    /// The text it was parsed from.
    package let text: String
    private let program: WhereProgram

    /// Parses `text`; the error points at the column.
    package init(_ text: String, limits: QueryLimits = QueryLimits()) throws(QuerySyntaxError) {
        self.text = text
        program = WhereProgram(try WhereParser.parse(text, limits: limits))
    }

    /// How many times an item's bytes may be looked at to test it, at most: what a test costs is in proportion to it.
    package var operandCount: Int { program.operandCount }

    /// Whether a packed item satisfies the predicate, by DynamoDB's comparison semantics.
    package func matches(_ packed: UnsafeRawBufferPointer) -> Bool { program.matches(packed) }

    /// Equal texts are equal predicates.
    package static func == (left: WhereExpression, right: WhereExpression) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    /// Hashes the text.
    package func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
        hasher.combine(0xFF as UInt8)
    }
}
