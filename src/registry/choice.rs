//! Closed lists of names as enums.

/// An enum whose variants are the choices of a parameter, by name:
///
/// ```text
/// choices! {
///     /// How grey values become 0 or 1.
///     pub enum Binarize {
///         /// They stay.
///         None = "none",
///         /// White from one half on.
///         Threshold = "threshold",
///     }
/// }
/// ```
macro_rules! choices {
    (
        $(#[$attribute:meta])*
        $visibility:vis enum $Choice:ident {
            $($(#[$about:meta])* $Variant:ident = $name:literal,)*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $visibility enum $Choice {
            $($(#[$about])* $Variant,)*
        }

        impl $Choice {
            /// As manifests write it.
            $visibility fn name(self) -> &'static str {
                match self {
                    $($Choice::$Variant => $name,)*
                }
            }
        }

        impl $crate::registry::ParamValue for $Choice {
            fn ty() -> $crate::registry::ParamType {
                $crate::registry::ParamType::choice(&[$($name),*])
            }

            fn of(value: &$crate::registry::Value) -> Option<Self> {
                match value.as_str()? {
                    $($name => Some($Choice::$Variant),)*
                    _ => None,
                }
            }
        }

        impl From<$Choice> for $crate::registry::Value {
            fn from(choice: $Choice) -> Self {
                choice.name().into()
            }
        }
    };
}
pub(crate) use choices;
