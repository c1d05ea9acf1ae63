/* Foreverframe's client: made of client/, documented in docs/client.md. */
!function(ke){var Se,s,a,t,Oe,u,l,f,c,i,g,Ve,Le,d,y,p,Ie,w,Ue,xe,e,Ne,h;function Ce(){return(new Date).getTime()}
function Ae(e,n){return e===Infinity?null:setTimeout(n,Math.min(e,t))}function m(e,n,t){
e.addEventListener?e.addEventListener(n,t,!1):e.attachEvent&&e.attachEvent("on"+n,t)}function v(e,n){for(
var t=0;t<e.length;t++)n(e[t])}function T(e,n){for(var t=0;e[t];)t++;return e[t]=n,t}function $e(e){try{
return ke.JSON?ke.JSON.parse(e):new Function("return "+e)()}catch(n){return null}}function Fe(){
return"hidden"!==Se.visibilityState}function Pe(e){var n=/^(\w+:)\/\/(?:[^\/?#]*@)?([^\/?#]*)/.exec(e.href)||["","",""];
return(n[1]+"//"+n[2].replace(/:(80|443)?$/,"")).toLowerCase()}function M(){
return ke.XMLHttpRequest?new ke.XMLHttpRequest:new ke.ActiveXObject("Microsoft.XMLHTTP")}function Re(e,n,t,r,o){var c,
i=M();return i.open(e,n,!0),b(i,o),c=T(a,i),i.onreadystatechange=function(){4===i.readyState&&(a[c]=null),
r&&2<i.readyState&&r(i)},i.send(t),i}function b(e,n){n&&e.setRequestHeader("Authorization","Bearer "+n)}function He(e,n,
t){try{Re("POST",e,n,null,t)}catch(r){!function(e){var n=Se.createElement("div"),t="foreverframe"+String(Math.random()
).substring(2);n.style.display="none",
n.innerHTML='<iframe name="'+t+'"></iframe><form method="post" target="'+t+'"></form>',Se.body.appendChild(n),
n.lastChild.action=e,n.lastChild.submit(),setTimeout(function(){n.parentNode&&n.parentNode.removeChild(n)},1e4)}(e)}}
function Ge(e,n,t){var r;try{t&&ke.fetch?ke.fetch(e,{method:"POST",keepalive:!0,headers:{Authorization:"Bearer "+t}})[
"catch"](function(){}):ke.navigator.sendBeacon&&ke.navigator.sendBeacon(e,"")||((r=M()).open("POST",e,!1),b(r,t),r.send(
""))}catch(o){}}function _e(e,n){return 0<e?Number(e):n}function Je(e){return!e.transport||"auto"===e.transport}
function ze(e,n,t){var r="?transport="+n;function o(e,n){n&&(r+="&"+e+"="+encodeURIComponent(String(n)))}return o(
"channels",e.channels),o("after",null===t?e.after:t),null!==t||e.after||(o("last",e.last),o("each",e.each),o("since",
function(e){return e&&e.getTime?e.getTime():e}(e.since))),o("latest",e.latest&&1),o("client",e.client),r}function Be(e){
return e.replace(/[^.]*$/,"")}function Ke(e,n){return null!==e&&null!==n&&Be(e)===Be(n)&&e<=n}function Xe(e,n,t){return{
type:"close",reason:e,reconnect:!1,retryMs:0,cursor:n,text:t}}function je(e){return e&&/^FF_/.test(e.code)?{
type:"error",code:e.code,status:e.status,detail:e.detail,reconnect:408===e.status||429===e.status||500<=e.status}:null}
function E(){for(var e=l.pop();e;)e.parentNode&&e.parentNode.removeChild(e),e=l.pop()}function k(e){try{
return e.contentWindow.document.readyState}catch(n){return"denied"}}function S(){try{return ke.localStorage||null}catch(
e){return null}}function Qe(e,n){var t=S(),r=i[e];try{r=r||t&&t.getItem(c+e)}catch(o){}return 0<(t=r?r-Ce():0)&&t<=n?t:0
}function Ye(e,n){var t=S();i[e]=n&&Ce()+n;try{n?t.setItem(c+e,String(i[e])):t.removeItem(c+e)}catch(r){}}function De(e,
n){return Qe("path "+e,n)}function We(e,n){Ye("path "+e,n)}function Ze(e,n,t){var r,o,c=!1;function i(e){c||(c=!0,
clearTimeout(o),t(e))}r=Re("GET",e,null,function(e){4===e.readyState&&i(e)},n),o=Ae(g,function(){i(null),r.abort()})}
function en(e,n,t,r){try{Ze(e+"?"+n+"at="+Ce(),t,function(e){r(e?function(e){var n;try{return(n=$e(e.responseText)||{}
).state?n:n.code?{state:"FF_STREAM_UNKNOWN"===n.code?"unknown":""}:{state:e.status&&e.status<500?"":"away"}}catch(t){
return{state:"away"}}}(e):{state:"away"})})}catch(o){Ae(0,function(){r({state:""})})}}function qe(e){
return e.signs+":"+(e.sign?e.sign():"")}function nn(t,e,r,o){var c,i=Math.max(y,Math.min(e,r)/d),a=0,s=0,u=p,l=Ce();Ae(
i*Math.random(),function f(){var e=qe(t),n=Ce()-l>i+Ie;t.isLive()&&(l=Ce(),a++,e!==c?(c=e,s=0,u=p):t.isUnwatched||(
s+=n?p:1),!t.isUnwatched&&!t.isMute&&a*i>w*Math.min(r,Le)&&o.good(),(e=r<=s*i)&&!t.isMute?o.silent():(Ae(i,f),e?(s=0,
o.missed()):u<=s&&!t.isMute?(u=s+d,o.missed()):n&&Fe()&&o.missed()))})}function n(n){v(Ne.slice(0),function(e){e[n]()})}
function r(){xe=!0,n("begin")}function o(){n("wake")}ke.foreverframe&&ke.foreverframe.open||(Se=ke.document,
s=ke.location,a=[],t=2147483647,u=[],l=[],(Oe={}).frame=function(n){var e,t=n.origin!==Pe(s),r=t?Se:function(){var e;if(
!f){f=Se;try{(e=ke.ActiveXObject&&new ke.ActiveXObject("htmlfile")).open(),e.write("<html><body></body></html>"),
e.close(),e.parentWindow.foreverframe=h,f=e.body?e:f}catch(n){}}return f}(),o=r.createElement("iframe"),c=T(u,n),
i="push"+(c||""),a=!1;h[i]=function(e){a=a||"loading"===k(o),u[c]&&u[c].receive(e)},n.stop=function(){clearInterval(e),
u[c]=null,l[l.length]=o,setTimeout(E,0)},t?n.isSource=function(e){return e&&e==o.contentWindow
}:r===Se&&ke.addEventListener?(n.sign=function(){return function(e){try{
return e.contentWindow.document.documentElement.innerHTML.length}catch(n){return-1}}(o)},e=setInterval(function(){
var e=k(o);("denied"===e||a&&"loading"!==e)&&n.end()},250)):n.isUnwatched=!0,m(o,"load",function(){n.end()}),
o.style.display="none",o.name=i+Ce(),o.referrerPolicy="origin",o.src=n.url(t?"&origin="+encodeURIComponent(Pe(s)
):"&callback=parent.foreverframe."+i),r.body.appendChild(o)},m(ke,"message",function(n){v(u,function(e){
e&&e.isSource&&e.isSource(n.source)&&n.origin===e.origin&&e.receive($e(n.data))})}),Oe.poll=function(o){var r,c,i=null,
a=!o.asksForKept;o.isUnwatched=!0,o.stop=function(e){clearTimeout(c),r&&(i||o.earlier||e)&&r.abort()},function s(n){
var t=Ce(),e=i||o.earlier,e="&wait="+n+(e?"&stream="+encodeURIComponent(e):"");o.limit(1e3*n),r=Re("GET",o.url(
e+"&at="+t),null,function(e){4===e.readyState&&!function(e,n){var t,r=e&&e.messages;r&&e.gaps?(e.stream!==i&&(i=e.stream
,o.receive({type:"open",stream:i,cursor:r.length?null:e.cursor,close:"streams/"+i+"/close"})),v(e.gaps,o.receive),v(r,
o.receive),o.receive({type:"cursor",cursor:e.cursor}),e.live&&!a&&(a=!0,o.receive({type:"live",cursor:e.cursor})),
e.reason?((t=Xe(e.reason,e.cursor,e.text)).reconnect=!e.stop,o.receive(t)):o.isOnce&&!r.length?o.end():o.isLive(
)&&n&&!r.length?(o.limit(5e3),c=setTimeout(function(){s(25)},5e3)):o.isLive()&&s(o.isOnce?0:25)):o.end(je(e))}($e(
e.responseText),n&&Ce()-t<1e3)},o.token)}(0)},Oe.ndjson=function(r){var o=0;if(!ke.addEventListener)throw new Error(
"no partial answers");var e=Re("GET",r.url(""),null,function(e){var n=e.responseText,t=n.substring(o).split("\n");
o=n.length-t.pop().length,r.signs=n.length,v(t,function(e){r.receive($e(e))}),4===e.readyState?r.end(je($e(n))
):1e6<o&&r.receive({type:"close",reason:"recycle",reconnect:!0})},r.token);r.stop=function(){e.abort()}},
Oe.sse=function(n){var t=new ke.EventSource(n.url(""));v(
"message ff-open ff-cursor ff-live ff-gap ff-expiring ff-close".split(" "),function(e){t.addEventListener(e,function(e){
n.receive($e(e.data))})}),t.addEventListener("ff-error",function(e){n.end($e(e.data))}),t.onerror=function(){n.end()},
n.isMute=!0,n.stop=function(){t.close()}},c="foreverframe.",i={},Ve=/^(client|admin|expired|replaced)$/,Le=4e4,d=10,p=12
,Ie=g=5e3,w=4,y=50,xe=Ue=!(Oe.ws=function(n){var e=new ke.WebSocket(n.url("").replace(/^http/,"ws"));
e.onmessage=function(e){n.receive($e(e.data))},e.onclose=function(){n.end()},n.stop=function(){e.close()}}),Ne=[],h={
open:function(c){var P=function(e){var n=Se.createElement("div"),t=Se.createElement("a");return t.href=e,
ke.addEventListener||(n.innerHTML='<a href="'+e.replace(/&/g,"&amp;").replace(/"/g,"&quot;")+'"></a>',t=n.firstChild),t
}(String(c.url||"").replace(/[^\/]$/,"$&/")+"stream"),i=P.href,a=Pe(P),R=(function(e,n){if(!Je(e)&&!Oe.hasOwnProperty(
e.transport))throw new Error('foreverframe: there is no transport "'+e.transport+'"');if(!/^https?:$/.test(n.protocol)
)throw new Error('foreverframe: "'+e.url+'" is no address of a server')}(c,P),
/^FF_(TOKEN_EXPIRED|TOKEN_INVALID|TICKET_INVALID)$/),H=2e3,s=null,_=!1;function B(n){var t=!1;c.token(function(e){t||(
s=e,_=!(t=!0),Ae(0,n))})}function K(){var e=c.token&&_;return e&&(s=null),e}var X,j,D=3e4,W=5,o=_e(c.retryMs,5e3),u=0,
l=!1;function q(e,n){f(),j=Ae(e,n)}function f(){clearTimeout(j)}function d(){f(),h?De(a,m)?b("poll","remembered"):Ue?b(
"frame"):b("poll","loading"):b(c.transport)}function p(e,n,t){var r=e;t&&(l=!(Math.abs(Ce()-X)<D),X=l?Ce():X),
0<e&&o!==Infinity||(r=l?o/W:o,r*=Math.pow(2,Math.max(0,l?u-1:u)),r=Math.min(r,Math.max(o,D)),r*=l?.5+Math.random(
):.75+Math.random()/2,r=Math.round(r)),u++,q(r,d),C("lost",{retryMs:r,reason:n})}var h=Je(c),V=16,m=_e(c.frameAgainMs,
6e5),v=m/V,g=0;function G(){return h&&y&&"poll"===y.transport&&!y.isOnce}function J(){g=0,v=m/V}function z(){q(De(a,m),
function(){v=Math.min(2*v,m),Q()})}function Q(){Ue&&b("frame","again")}var y=null,w=null,T=null,Y=3,Z=Math.min(_e(
c.silentMs,Le)/4,3e4),M=15e3;function b(r,e,n){var o={transport:r,origin:a,isOnce:n,earlier:"poll"===r&&!n&&T&&T.polled,
isEarly:!Ue,signs:0,asksForKept:null!==x.cursor||!!(c.after||c.last||c.each||c.since),url:function(e){
var n=o.ticket?"&ticket="+o.ticket:"",t=ge||/&stream=/.test(e)?x.cursor:null;return i+ze(c,r,t)+n+e},isLive:function(){
return o===y||o===w},receive:function(e){o.signs++,e&&o.isLive()?function(e,n){"open"===n.type?function(e,n){
var t=e!==y&&y&&!y.isOnce;e.closeUrl=ne(n),e.polled="poll"===e.transport?n.stream:null,"closing"===x.state?He((T=e
).closeUrl,"",s):(e!==y&&(te(y),w=null),y=e,M=_e(n.heartbeatMs,M),T=e.isOnce?null:e,x.stream=e.isOnce?null:n.stream,
x.transport=e.isOnce?"shared":e.transport,function(e){return null!==e&&null!==x.cursor&&Be(e)!==Be(x.cursor)}(n.cursor
)||A(n.cursor),clearTimeout(e.timer),nn(e,M,_e(c.silentMs,Y*M),{good:J,missed:ie,silent:function(){g++,k(e,null,"silent"
)}}),f(),u=0,_=!(l=!1),function(e){t&&(g=1),G()&&(e.isEarly||De(a,m)||We(a,v),z()),"frame"===e.transport&&We(a,0)}(e),
function(n){Ae(t?0:ae,function(){h&&n===y&&"frame"===n.transport&&!Qe("prompt "+a,se)&&en(ce(n),"echo=1&",s,function(e){
e.echo&&!function c(n,t){var r=qe(n),o=Ce();Ae(S,function(){var e=Math.abs(Ce()-o)>S+Ie;n===y&&"open"===x.state&&(
n.hasEchoed?Ye("prompt "+a,se):e||qe(n)!==r?t&&c(n,t-1):(n.isHeld=!0,k(n,null,"held")))})}(n,ue)})})}(e),e.isOnce?C(
"open",{transport:"shared"}):(C("open",n),N("onopen",n)))}(e,n):"error"===n.type?k(e,n):"expiring"===n.type?function r(n
,t){function e(){Re("POST",n.closeUrl.replace(/close$/,"token"),"",function(e){4!==e.readyState||($e(e.responseText)||{}
).stream||H<t&&Ae(t/2,function(){n===y&&r(n,t/2)})},s)}c.token?B(e):e()}(e,n.inMs):e===y&&(
e.hasEchoed=e.hasEchoed||n.echo,we(n))}(o,e):e&&"open"===e.type&&He(ne(e),"",s)},end:function(e){o.isLive()&&k(o,e,
o===y?"cut":"failed")},limit:function(e){clearTimeout(o.timer),o.timer=setTimeout(function(){k(o,null,"silent")},e+Z)}};
E(w),(w=o).limit(0);try{!function(t,r){!function(e){c.token&&!s?B(e):e()}(function(){var e=t.transport;
s&&"poll"!==e&&"ndjson"!==e?Re("POST",i.replace(/stream$/,"tickets"),'{"channels":"'+String(c.channels).replace(/[\\"]/g
,"\\$&")+'"}',function(e){var n;4===e.readyState&&((n=$e(e.responseText))&&n.ticket?(t.ticket=n.ticket,r()):t.end(je(n))
)},s):(t.token=s,r())})}(o,function(){o.isLive()&&ee(r,o)})}catch(t){setTimeout(function(){throw o.end(),t},0)}y||C(
"connecting",{transport:r,reason:e||null})}function ee(e,n){try{Oe[e](n)}catch(t){setTimeout(function(){n.end(h?null:{
type:"error",code:"FF_TRANSPORT_UNSUPPORTED",status:0,
detail:'This browser cannot use "'+e+'" ('+t.message+'): take "auto" instead',reconnect:!1})},0)}}function ne(e){
return i.replace(/stream$/,"")+e.close}function E(e){e&&(clearTimeout(e.timer),e===w&&(w=null),e===y&&(y=null,
x.stream=null),e.stop&&(e.stop(n),e.stop=null),e.isOnce)&&e.closeUrl&&He(e.closeUrl,"",s)}function te(e){e&&e===y&&re(He
),E(e)}function re(e){T&&(e(T.closeUrl,"",s),T=null)}function k(n,e,t,r){var o=n===y;("silent"===t||"held"===t?te:E)(n),
n.isOnce&&e&&!e.reconnect?Te(e):n.isOnce?ve(o):"closing"===x.state?F("client"):y?(We(a,v),z()):e?Te(e):function(e){
return h&&"frame"===n.transport&&(!e||n.isHeld||1<g)?(g=0,b("poll",t),1):void(e||We(a,0))}(o)||(p(r||0,t,o),
h||"poll"===n.transport||o&&!n.isHeld?O=0:"lost"===x.state&&(1<u||n.isHeld)&&function(r){var e={channels:c.channels,
client:c.client},e=i+ze(e,"poll",x.cursor)+"&wait=0&at="+Ce();try{Ze(e,s,function(e){var n=e?$e(e.responseText):null,
t=je(n);n&&n.messages?(He(ne({close:"streams/"+n.stream+"/close"}),"",s),O++):O=0,"lost"!==x.state||w||(t?Te(t
):le<=O&&function(e){C("lost",{retryMs:U.retryMs,reason:e.code,detail:e.detail}),N("onerror",e)}({type:"error",
code:"FF_TRANSPORT_BLOCKED",status:0,
detail:'"'+r+'" does not come through, although polls do: the browser or a proxy on the path can\'t carry it. Take "auto" or "poll" instead',
reconnect:!0}))})}catch(n){}}(n.transport))}function oe(e){var n=y;T=null,"closing"===x.state?F(
e.reconnect?"client":e.reason):"expired"===e.reason&&"poll"===n.transport&&K()?(E(n),p(1,e.reason)
):e.reconnect?n.isOnce?(E(n),ve(!1)):"recycle"===e.reason?(y=null,x.stream=null,b(n.transport,"recycle"),E(n)):(E(n),p(
e.retryMs,e.reason)):(I(e,x.cursor),$("closed",e,"onclose"))}var S=1e3;function ce(e){return e.closeUrl.replace(
/\/close$/,"")}function ie(){var t,r=y;function o(){return r===y&&"open"===x.state}r&&!r.isOnce&&!r.isAsking&&o()&&(
t=qe(r),r.isAsking=!0,en(ce(r),"",s,function(e){var n="closed"===e.state&&Ve.test(e.receipt.reason);r.isAsking=!1,o()&&(
"unknown"===e.state||"closed"===e.state&&!n?k(r,null,"cut",1):"away"===e.state&&qe(r)===t?k(r,null,"cut"
):"away"===e.state?Ae(S,ie):e.state&&Ae(S,function(){o()&&(n?oe(Xe(e.receipt.reason,e.cursor,e.receipt.text)):qe(r
)!==t||Ke(e.cursor,x.cursor)||(r.isHeld=!0,k(r,null,"silent")))}))}))}var t,ae=3e3,se=12e5,ue=5,le=2,O=0,fe=5,r=null,
e=!1,L=0;function de(){r&&(r.leave(),r=null)}function I(e,n){"epoch"===e.reason&&(t=e.after+e.upTo),r&&r.tell(e,n)}
function pe(){e=!1,E(w),E(y),d()}function he(){e=!0,f(),E(w),te(y),x.transport="shared"}function me(e){var n=e.event;
n&&"close"===n.type?$("closed",n,"onclose"):(n&&Ke(e.before,x.cursor)&&we(n),"beat"===e.kind&&0<L&&L--,ye(
)||w||y||0<L||("open"!==e.state||Ke(e.cursor,x.cursor
)&&e.restart===t?e.state!==x.state&&/^(connecting|open|lost)$/.test(e.state)&&C(e.state,{transport:"shared",
reason:e.reason,retryMs:e.retryMs}):(t=e.restart,b("poll","shared",!0))))}function ve(e){L=e?0:fe}
var ge=!c.each||!!c.after,U={},x={state:"connecting",cursor:null,stream:null,transport:null,close:function(){ye(
)||"closing"===x.state||(!y||y.isOnce?(re(He),F("client")):(de(),E(w),He(y.closeUrl,"",s),q(2e3,function(){F("client")})
,C("closing",{})))},ack:function(){y&&T&&null!==x.cursor&&He(T.closeUrl.replace(/close$/,"ack"),
'{"cursor":"'+x.cursor+'"}',s)}};function N(e,n,t){if(c[e])try{c[e](n,t)}catch(r){setTimeout(function(){throw r},0)}}
function C(e,n){N("onstate",x.state=e,U=n)}function ye(){return"closed"===x.state||"refused"===x.state}function A(e){
return null!==e&&!Ke(e,x.cursor)&&(x.cursor=e,1)}function we(e){var n=x.cursor;"message"===e.type?A(e.id)&&(I(e,n),N(
"onmessage",e)):"cursor"===e.type?A(e.cursor)&&I(e,n):"live"===e.type?(ge=!0,A(e.cursor),I(e,n),N("onlive",e)
):"gap"===e.type?("epoch"===e.reason&&(x.cursor=e.upTo),I(e,n),N("ongap",e)):"close"===e.type&&oe(e)}function Te(e){
R.test(e.code)&&K()?p(1,e.code):e.reconnect?(p(0,e.code),N("onerror",e)):$("refused",e,"onerror")}function $(e,n,t){Ee()
,function(e){for(var n=0;n<Ne.length;n++)if(Ne[n]===e)return Ne.splice(n,1)}(Me),C(e,n),N(t,n)}function F(e){$("closed",
Xe(e,x.cursor),"onclose")}var n=!1,Me={begin:be,hide:function(){re(Ge),n=!0,Ee()},show:function(){n&&(n=!1,
"closing"===x.state?F("client"):xe&&be())},loaded:function(){!G()||w||De(a,m)||Q()},wake:function(){(
"lost"!==x.state||e||n?ie:d)()}};function be(){ye()||n||r||w||y||(c.share&&(r=function(e,c){var n,i=String(Math.random()
),t=!1,r=0,a=0,o=Ce()-2e3,s=!0,u=function(n,t){var r,o;function c(e){e.key===n&&e.newValue&&t($e(e.newValue))}try{if(
ke.BroadcastChannel)return(r=new ke.BroadcastChannel(n)).onmessage=function(e){t(e.data)},{say:function(e){
r.postMessage(e)},close:function(){r.close()}};if((o=ke.localStorage).setItem(n,""),ke.addEventListener
)return ke.addEventListener("storage",c,!1),{say:function(e){o.setItem(n,ke.JSON.stringify(e))},close:function(){
ke.removeEventListener("storage",c,!1);try{o.removeItem(n)}catch(e){}}}}catch(e){}return null}(e,function(e){
u&&e&&e.from!==i&&("hello"===e.kind?t&&l("beat"):"bye"===e.kind?f():t&&!(e.visible===Fe()?e.from<i:e.visible)?l("beat"
):(t&&(t=!1,c.release()),o=Ce(),s=!1,Fe()&&!e.visible&&f(),c.follow(e)))});function l(e,n,t){var r={n:++a,from:i,kind:e,
visible:Fe(),event:n,before:t};c.describe(r);try{u.say(r)}catch(o){}}function f(){o=Ce()-2e3,s=!0}return u?(
n=setInterval(function(){var e=Ce()-o;r++,t?r%4!=0&&Fe()||l("beat"):e<0?o=Ce():s&&e>(Fe()?2e3:2400)?(t=!0,l("beat"),
c.hold()):1200<e&&(s=!0,l("hello"))},250),l("hello"),{tell:function(e,n){t&&l("event",e,n)},leave:function(){
clearInterval(n),t&&l("bye"),u.close(),u=null}}):null}(["foreverframe",i,c.channels,c.client,!!c.latest].join("\n"),{
describe:function(e){e.state=x.state,e.reason=U.reason,e.retryMs=U.retryMs,e.cursor=x.cursor,e.restart=t},hold:pe,
release:he,follow:me})),e=!!r,r)||d()}function Ee(){f(),E(w),E(y),de()}return function(e){Ne[Ne.length]=e,
xe&&setTimeout(e.begin,0)}(Me),x}},"complete"===Se.readyState?Ue=xe=!0:(m(ke,"load",function(){setTimeout(function(){
Ue=!0,r(),n("loaded")},50)}),setTimeout(function O(){Se.body?r():setTimeout(O,250)},1e4)),m(ke,
"onpagehide"in ke?"pagehide":"unload",function(){n("hide"),E()}),m(ke,"pageshow",function(e){e.persisted&&n("show")}),m(
ke,"online",o),m(Se,"resume",o),m(Se,"visibilitychange",function(){Fe()?Ce()-e>Ie&&o():e=Ce()}),ke.foreverframe=h)}(
window);
