//! Registering a plugin: one macro for everything it exports.
//!
//! Three layers meet here. wit-bindgen's `Guest` traits take and give whole lists of owned values; [`Adapter`] implements
//! them by an author's traits ([`Map`] and so on), holding the instance; [`Reporting`] lets panics speak first.
//! Natively everything is checked and nothing is registered: the names of exports have characters that no native linker
//! takes in a shared library, and unit tests call the traits' functions directly.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;
use std::thread::LocalKey;

use crate::types::{
    ClientResponse, Compiled, Context, Description, Destination, Diagnostic, Failure, HttpRequest, Inbound, Loaded,
    Mapped, Outcome, Payload, Severities, Subject, Submission, Verdict,
};
use crate::{
    Configure, Enrich, Interpret, Map, Prepare, Qualify, Shape, compiling, configuration, enrichment, interpretation,
    lifecycle, mapping, qualification, shaping,
};

/// What [`export!`](crate::export) knows of a plugin.
#[doc(hidden)]
pub trait Registration {
    /// The author's type.
    type Plugin: 'static;
    /// The name of the author's package.
    const NAME: &'static str;
    /// Its version.
    const VERSION: &'static str;
    /// Its description.
    const SUMMARY: &'static str;

    /// Where this instance keeps the plugin.
    fn slot() -> &'static LocalKey<Slot<Self::Plugin>>;

    /// The plugin of an instance that loaded no configuration.
    fn start() -> Result<Self::Plugin, Failure>;
}

/// The plugin of one instance; none before its first use.
#[doc(hidden)]
pub type Slot<T> = RefCell<Option<Rc<T>>>;

/// A plugin that takes no configuration.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` takes no configuration, so it must be `Default`",
    label = "needs `Default`",
    note = "derive `Default` for `{Self}`, or implement `Configure` and add `configuration` to `export!`"
)]
pub trait Unconfigured: Sized {
    /// The plugin of every instance.
    fn start() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Default> Unconfigured for T {
    fn start() -> Self {
        T::default()
    }
}

/// Implements the contract by an author's traits.
#[doc(hidden)]
pub struct Adapter<R>(PhantomData<R>);

impl<R: Registration> Adapter<R> {
    fn plugin() -> Result<Rc<R::Plugin>, Failure> {
        if let Some(plugin) = R::slot().with_borrow(Clone::clone) {
            return Ok(plugin);
        }
        Ok(Self::keep(R::start()?))
    }

    fn keep(plugin: R::Plugin) -> Rc<R::Plugin> {
        let plugin = Rc::new(plugin);
        R::slot().set(Some(Rc::clone(&plugin)));
        plugin
    }

    /// The plugin's results for a list, or for each item the reason why there is no plugin.
    fn results<I, O>(
        items: &[I],
        call: impl FnOnce(&R::Plugin, &[I]) -> Vec<Result<O, Failure>>,
    ) -> Vec<Result<O, Failure>> {
        match Self::plugin() {
            Ok(plugin) => call(&plugin, items),
            Err(failure) => items.iter().map(|_| Err(failure.clone())).collect(),
        }
    }
}

impl<R: Registration<Plugin: Map>> mapping::Guest for Adapter<R> {
    fn map(context: Context, elements: Vec<Inbound>) -> Vec<Result<Mapped, Failure>> {
        Self::results(&elements, |plugin, elements| plugin.map_all(&context, elements))
    }
}

impl<R: Registration<Plugin: Enrich>> enrichment::Guest for Adapter<R> {
    fn enrich(context: Context, submissions: Vec<Submission>) -> Vec<Result<Vec<HttpRequest>, Failure>> {
        Self::results(&submissions, |plugin, submissions| plugin.enrich_all(&context, submissions))
    }
}

impl<R: Registration<Plugin: Qualify>> qualification::Guest for Adapter<R> {
    fn qualify(
        context: Context,
        severities: Severities,
        submissions: Vec<Submission>,
    ) -> Vec<Result<Verdict, Failure>> {
        Self::results(&submissions, |plugin, submissions| plugin.qualify_all(&context, severities, submissions))
    }
}

impl<R: Registration<Plugin: Shape>> shaping::Guest for Adapter<R> {
    fn shape(context: Context, destination: Destination, subjects: Vec<Subject>) -> Vec<Result<Payload, Failure>> {
        Self::results(&subjects, |plugin, subjects| plugin.shape_all(&context, &destination, subjects))
    }
}

impl<R: Registration<Plugin: Interpret>> interpretation::Guest for Adapter<R> {
    fn interpret(
        context: Context,
        destination: Destination,
        responses: Vec<ClientResponse>,
    ) -> Vec<Result<Option<Outcome>, Failure>> {
        Self::results(&responses, |plugin, responses| plugin.interpret_all(&context, &destination, responses))
    }
}

impl<R: Registration<Plugin: Configure>> configuration::Guest for Adapter<R> {
    fn compile(document: String) -> Result<Compiled, Vec<Diagnostic>> {
        compiling::compile::<R::Plugin>(&document)
    }

    fn load(plan: Vec<u8>) -> Result<Loaded, Failure> {
        let plugin: Rc<R::Plugin> = Self::keep(compiling::load(&plan)?);
        Ok(Loaded { severities: plugin.severities(), reads_price: plugin.reads_price() })
    }

    fn describe() -> Description {
        let description = compiling::description::<R::Plugin>(R::NAME, R::VERSION, R::SUMMARY);
        R::Plugin::describe(description)
    }
}

impl<R: Registration<Plugin: Prepare>> lifecycle::Guest for Adapter<R> {
    fn initialize() {
        R::Plugin::prepare();
    }
}

/// The type that is really registered: installs the panic hook, then calls the plugin.
#[doc(hidden)]
pub struct Reporting<T>(PhantomData<T>);

/// Forwards one interface through [`Reporting`].
macro_rules! reporting {
    ($interface:ident, $(fn $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?;)+) => {
        impl<T: $interface::Guest> $interface::Guest for Reporting<T> {
            $(fn $name($($argument: $type),*) $(-> $result)? {
                crate::report_panics();
                T::$name($($argument),*)
            })+
        }
    };
}

reporting! { mapping,
    fn map(context: Context, elements: Vec<Inbound>) -> Vec<Result<Mapped, Failure>>;
}
reporting! { enrichment,
    fn enrich(context: Context, submissions: Vec<Submission>) -> Vec<Result<Vec<HttpRequest>, Failure>>;
}
reporting! { qualification,
    fn qualify(context: Context, severities: Severities, submissions: Vec<Submission>) -> Vec<Result<Verdict, Failure>>;
}
reporting! { shaping,
    fn shape(context: Context, destination: Destination, subjects: Vec<Subject>) -> Vec<Result<Payload, Failure>>;
}
reporting! { interpretation,
    fn interpret(context: Context, destination: Destination, responses: Vec<ClientResponse>) -> Vec<Result<Option<Outcome>, Failure>>;
}
reporting! { configuration,
    fn compile(document: String) -> Result<Compiled, Vec<Diagnostic>>;
    fn load(plan: Vec<u8>) -> Result<Loaded, Failure>;
    fn describe() -> Description;
}
reporting! { lifecycle,
    fn initialize();
}

/// Registers a plugin, and says what it exports: the one place that decides it.
///
/// The list names interfaces of the contract; each needs its trait:
///
/// | interface | trait |
/// |---|---|
/// | `mapping` | [`Map`] |
/// | `enrichment` | [`Enrich`] |
/// | `qualification` | [`Qualify`] |
/// | `shaping` | [`Shape`] |
/// | `interpretation` | [`Interpret`] |
/// | `configuration` | [`Configure`] |
/// | `lifecycle` | [`Prepare`] |
///
/// With `configuration` the plugin is made from the document that was saved; without, from its `Default`. A crate has one
/// `export!`, in its root or anywhere else.
///
/// ```
/// use hookmill_plugin_sdk::{Map, Qualify, export};
///
/// #[derive(Default)]
/// struct Solar;
///
/// impl Map for Solar {}
/// impl Qualify for Solar {}
///
/// export!(Solar: mapping, qualification);
/// # fn main() {}
/// ```
///
/// A type that implements the contract's `Guest` traits themselves ([`mapping::Guest`] and so on:
/// whole lists, owned values, no instance) is registered with the word `guest` before it:
///
/// ```
/// use hookmill_plugin_sdk::types::{Context, Failure, Inbound, Mapped};
/// use hookmill_plugin_sdk::{export, mapping};
///
/// struct Sink;
///
/// impl mapping::Guest for Sink {
///     fn map(_context: Context, elements: Vec<Inbound>) -> Vec<Result<Mapped, Failure>> {
///         elements.iter().map(|_| Ok(Mapped::none())).collect()
///     }
/// }
///
/// export!(guest Sink: mapping);
/// # fn main() {}
/// ```
///
/// What is listed must be there. This does not compile, and the message says which `impl` is missing:
///
/// ```compile_fail
/// #[derive(Default)]
/// struct Solar;
///
/// hookmill_plugin_sdk::export!(Solar: mapping);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export {
    (guest $plugin:ty: $($interface:ident),+ $(,)?) => {
        #[allow(unsafe_code, dead_code, non_camel_case_types, clippy::all)]
        const _: () = {
            $(struct $interface;)+
            type Exported = $crate::Reporting<$plugin>;
            $($crate::__export_interface!($interface $plugin, Exported);)+
        };
    };
    ($plugin:ty: $($interface:ident),+ $(,)?) => {
        #[allow(unsafe_code, dead_code, non_camel_case_types, clippy::all)]
        const _: () = {
            $(struct $interface;)+
            struct Registered;
            ::std::thread_local! {
                static PLUGIN: $crate::Slot<$plugin> = const { ::core::cell::RefCell::new(None) };
            }
            impl $crate::Registration for Registered {
                type Plugin = $plugin;
                const NAME: &'static str = ::core::env!("CARGO_PKG_NAME");
                const VERSION: &'static str = ::core::env!("CARGO_PKG_VERSION");
                const SUMMARY: &'static str = ::core::env!("CARGO_PKG_DESCRIPTION");
                fn slot() -> &'static ::std::thread::LocalKey<$crate::Slot<$plugin>> {
                    &PLUGIN
                }
                fn start() -> ::core::result::Result<$plugin, $crate::types::Failure> {
                    $crate::__export_start!($plugin; $($interface)+)
                }
            }
            type Plugin = $crate::Adapter<Registered>;
            type Exported = $crate::Reporting<Plugin>;
            $($crate::__export_interface!($interface Plugin, Exported);)+
        };
    };
    ($($other:tt)*) => {
        ::core::compile_error!("name the plugin's type and what it exports: export!(MyPlugin: mapping, qualification)");
    };
}

/// How a plugin starts when no configuration was loaded.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_start {
    ($plugin:ty;) => {
        ::core::result::Result::Ok(<$plugin as $crate::Unconfigured>::start())
    };
    ($plugin:ty; configuration $($rest:ident)*) => {
        <$plugin as $crate::Configure>::unconfigured()
    };
    ($plugin:ty; $other:ident $($rest:ident)*) => {
        $crate::__export_start!($plugin; $($rest)*)
    };
}

/// Checks one interface on every target, and registers it on WebAssembly.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_interface {
    (mapping $($types:tt)+) => { $crate::__export_world!(mapping, mapper, $($types)+); };
    (enrichment $($types:tt)+) => { $crate::__export_world!(enrichment, enricher, $($types)+); };
    (qualification $($types:tt)+) => { $crate::__export_world!(qualification, qualifier, $($types)+); };
    (shaping $($types:tt)+) => { $crate::__export_world!(shaping, shaper, $($types)+); };
    (interpretation $($types:tt)+) => { $crate::__export_world!(interpretation, interpreter, $($types)+); };
    (configuration $($types:tt)+) => { $crate::__export_world!(configuration, configurable, $($types)+); };
    (lifecycle $($types:tt)+) => { $crate::__export_world!(lifecycle, prepared, $($types)+); };
    ($unknown:ident $($types:tt)+) => {
        ::core::compile_error!(::core::concat!(
            "`", ::core::stringify!($unknown), "` is not an interface of the contract; a plugin exports some of: mapping, ",
            "enrichment, qualification, shaping, interpretation, configuration, lifecycle"
        ));
    };
}

/// The check and the registration themselves.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_world {
    ($interface:ident, $world:ident, $plugin:ty, $exported:ident) => {
        const _: fn() = || {
            fn is_exported<T: $crate::$interface::Guest>() {}
            is_exported::<$plugin>();
        };
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::$world::export!($exported with_types_in $crate::bindings::$world);
    };
}
